"""The operators that are allowed in a model file, and in an external model to be adopted."""

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
"""Layers in float."""
QUANTIZED = frozenset(_QUANTIZED.split())
SHAPES = frozenset(_SHAPES.split())
"""Operators with which exporters compute shapes; constant folding removes all of them."""
MODEL_FILE = CLASSIFIER | QUANTIZED
"""Allowed in a file with edgecnn's contract."""
EXTERNAL_FILE = CLASSIFIER | SHAPES
"""Allowed in an external float model that is to be adopted."""
