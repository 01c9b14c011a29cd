package io.moeplan.tensors.torch;

import io.moeplan.tensors.DType;
import java.util.Map;
import java.util.Set;

/** The names that a pickle may mention, and what they mean here. None of them is ever looked up or called. */
final class Globals {
    static final String REBUILD_V1 = "torch._utils._rebuild_tensor";
    static final String REBUILD_V2 = "torch._utils._rebuild_tensor_v2";
    static final String REBUILD_V3 = "torch._utils._rebuild_tensor_v3";
    static final String PARAMETER = "torch._utils._rebuild_parameter";
    static final String ORDERED_DICT = "collections.OrderedDict";
    static final String SIZE = "torch.Size";
    static final String DEVICE = "torch.device";
    static final String ENCODE = "_codecs.encode";
    static final Set<String> SETS = Set.of("builtins.set", "builtins.frozenset", "__builtin__.set",
            "__builtin__.frozenset");
    static final Set<String> UNTYPED = Set.of("torch.storage.UntypedStorage", "torch.UntypedStorage");

    private static final Set<String> FUNCTIONS = Set.of(REBUILD_V1, REBUILD_V2, REBUILD_V3, PARAMETER, ORDERED_DICT,
            SIZE, DEVICE, ENCODE);

    /** Storage classes of typed tensors. */
    static final Map<String, DType> STORAGES = Map.of("torch.FloatStorage", DType.F32, "torch.DoubleStorage",
            DType.F64, "torch.HalfStorage", DType.F16, "torch.BFloat16Storage", DType.BF16, "torch.LongStorage",
            DType.I64, "torch.IntStorage", DType.I32, "torch.ShortStorage", DType.I16, "torch.CharStorage", DType.I8,
            "torch.ByteStorage", DType.U8, "torch.BoolStorage", DType.BOOL);

    static final Map<String, DType> DTYPES = Map.ofEntries(Map.entry("torch.float32", DType.F32),
            Map.entry("torch.float64", DType.F64), Map.entry("torch.float16", DType.F16),
            Map.entry("torch.bfloat16", DType.BF16), Map.entry("torch.int64", DType.I64),
            Map.entry("torch.int32", DType.I32), Map.entry("torch.int16", DType.I16),
            Map.entry("torch.int8", DType.I8), Map.entry("torch.uint8", DType.U8),
            Map.entry("torch.uint16", DType.U16), Map.entry("torch.uint32", DType.U32),
            Map.entry("torch.uint64", DType.U64), Map.entry("torch.bool", DType.BOOL),
            Map.entry("torch.float8_e4m3fn", DType.F8_E4M3), Map.entry("torch.float8_e5m2", DType.F8_E5M2));

    private Globals() {}

    static boolean isKnown(String name) {
        return FUNCTIONS.contains(name) || SETS.contains(name) || UNTYPED.contains(name)
                || STORAGES.containsKey(name) || DTYPES.containsKey(name);
    }
}
