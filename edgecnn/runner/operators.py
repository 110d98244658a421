"""The operators of image classifiers: what a model file may hold, and what a stranger's may."""

CLASSIFIER = frozenset(
    """
    Conv Gemm MatMul BatchNormalization InstanceNormalization LayerNormalization
    GroupNormalization LpNormalization LRN
    Relu LeakyRelu PRelu Clip Elu Selu Celu Gelu Mish Swish Sigmoid HardSigmoid HardSwish Tanh
    Softplus Softsign Softmax LogSoftmax Erf
    Add Sub Mul Div Neg Abs Sqrt Reciprocal Pow Exp Log Min Max Sum
    MaxPool AveragePool GlobalAveragePool GlobalMaxPool ReduceMean ReduceMax ReduceSum ReduceL2
    Pad Concat Split Slice Reshape Flatten Squeeze Unsqueeze Transpose Gather DepthToSpace
    SpaceToDepth Cast Identity Dropout Constant
    """.split()
)
"""Float layers. None makes a tensor larger than its inputs and attributes say."""

QUANTIZED = frozenset(
    """
    QuantizeLinear DequantizeLinear DynamicQuantizeLinear QLinearConv QLinearMatMul ConvInteger
    MatMulInteger
    """.split()
)

SHAPES = frozenset(
    """
    Shape Size ConstantOfShape Expand Tile Range Where Equal Greater Less GreaterOrEqual LessOrEqual
    Not And Or Floor Ceil Round Sign Mod CastLike ReduceProd ReduceMin
    """.split()
)
"""What exporters compute shapes with; constant folding takes all of it away."""

MODEL_FILE = CLASSIFIER | QUANTIZED
"""In a file with our contract."""
FOREIGN_FILE = CLASSIFIER | SHAPES
"""In a float model that is to be adopted."""
