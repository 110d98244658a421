"""The operators of image classifiers: what a model file may hold, and what a stranger's may."""

_LAYERS = """
    Conv Gemm MatMul BatchNormalization InstanceNormalization LayerNormalization
    GroupNormalization LpNormalization LRN
    Relu LeakyRelu PRelu Clip Elu Selu Celu Gelu Mish Swish Sigmoid HardSigmoid HardSwish Tanh
    Softplus Softsign Softmax LogSoftmax Erf
    Add Sub Mul Div Neg Abs Sqrt Reciprocal Pow Exp Log Min Max Sum
    MaxPool AveragePool GlobalAveragePool GlobalMaxPool ReduceMean ReduceMax ReduceSum ReduceL2
    Pad Concat Split Slice Reshape Flatten Squeeze Unsqueeze Transpose Gather DepthToSpace
    SpaceToDepth Cast Identity Dropout Constant
"""
_QUANTIZED = """
    QuantizeLinear DequantizeLinear DynamicQuantizeLinear QLinearConv QLinearMatMul ConvInteger
    MatMulInteger
"""
_SHAPES = """
    Shape Size ConstantOfShape Expand Tile Range Where Equal Greater Less GreaterOrEqual LessOrEqual
    Not And Or Floor Ceil Round Sign Mod CastLike ReduceProd ReduceMin
"""

CLASSIFIER = frozenset(_LAYERS.split())
"""Float layers."""
QUANTIZED = frozenset(_QUANTIZED.split())
SHAPES = frozenset(_SHAPES.split())
"""What exporters compute shapes with; constant folding takes all of it away."""
MODEL_FILE = CLASSIFIER | QUANTIZED
"""In a file with our contract."""
EXTERNAL_FILE = CLASSIFIER | SHAPES
"""In a float model that is to be adopted."""
