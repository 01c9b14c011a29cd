package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.cuda.driver.Unavailable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * All checks of kernels against plain loops, by name; also for a machine with a GPU but without a build.
 *
 * <p>Run: {@code java [-Dtype=BF16] -cp CLASSES io.moeplan.engine.cuda.KernelChecks [NAME...]}; type: one 16-bit type only
 */
final class KernelChecks {
    private static final Map<String, Consumer<OnDevice>> ALL = new LinkedHashMap<>();

    static {
        ALL.put("norms", RowChecks::norms);
        ALL.put("combine", RowChecks::combine);
        ALL.put("spread", RowChecks::spread);
        ALL.put("head-rope", RowChecks::headRope);
        ALL.put("choice", RoutingChecks::choice);
        ALL.put("sorting", RoutingChecks::sorting);
        ALL.put("counting", CountChecks::counting);
        ALL.put("dense", ProductChecks::dense);
        ALL.put("grouped", ProductChecks::grouped);
        ALL.put("grouped-fp8", ProductChecks::groupedFp8);
        ALL.put("grouped-large", LargeProductChecks::grouped);
        ALL.put("grouped-fp8-large", LargeProductChecks::groupedFp8);
        ALL.put("attention", AttentionChecks::grouped);
        ALL.put("attention-windows", AttentionChecks::windows);
        ALL.put("attention-latent", AttentionChecks::latent);
    }

    /** What there are 16-bit kernels for. */
    static final List<NumberType> TYPES = List.of(NumberType.BF16, NumberType.FP16);

    private KernelChecks() {}

    static Iterable<String> names() {
        return ALL.keySet();
    }

    static void run(OnDevice on, String name) {
        ALL.get(name).accept(on);
    }

    public static void main(String[] args) throws Unavailable {
        String only = System.getProperty("type", "");
        for (NumberType type : only.isEmpty() ? TYPES : List.of(NumberType.valueOf(only))) {
            for (String name : args.length > 0 ? List.of(args) : names()) {
                try (OnDevice on = new OnDevice(type)) {
                    run(on, name);
                }
                System.out.println("ok " + name + " in " + type);
            }
        }
    }
}
