package io.moeplan.engine.gemm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The implementations that this machine has, fastest first, and why it has no others.
 *
 * @param all        for each precision the first of them is the one to use
 * @param besideBf16 what computes, about as precisely as float32, products that are not to be rounded to bfloat16
 * @param missing    a line for each one that is not there: what it is and what it lacks
 */
record Ladder(List<Gemm> all, Gemm besideBf16, List<String> missing) {
    private static final String VECTOR = "Vector API: an incubator module of the JDK, which prints a warning at every start;"
            + " plain Java loops are vectorised without it";

    Ladder {
        all = List.copyOf(all);
        missing = List.copyOf(missing);
    }

    /**
     * Looks at the machine and loads what it can; throws nothing that the machine is to blame for.
     *
     * @param wish {@code onednn}, {@code vector} or {@code plain} for that one where it is there; anything else is no wish
     */
    static Ladder of(String wish) {
        return switch (wish) {
            case "vector" -> plain("moeplan.gemm=vector, but " + VECTOR, List.of(oneDnnOff(wish), VECTOR));
            case "plain" -> plain("moeplan.gemm=plain", List.of(oneDnnOff(wish)));
            default -> withOneDnn(OneDnn.load(), wish);
        };
    }

    private static String oneDnnOff(String wish) {
        return "oneDNN: switched off by moeplan.gemm=" + wish;
    }

    private static Ladder plain(String reason, List<String> missing) {
        Gemm plain = new PlainGemm(reason);
        return new Ladder(List.of(plain), plain, missing);
    }

    /** @param wish {@code onednn}, or none that is known */
    static Ladder withOneDnn(OneDnn.Loading loading, String wish) {
        List<String> missing = new ArrayList<>();
        if (!wish.isEmpty() && !wish.equals("onednn")) {
            missing.add("moeplan.gemm=" + wish + ": there is only onednn, vector and plain");
        }
        if (loading.library() == null) {
            String problem = "oneDNN: " + loading.problem();
            missing.addAll(List.of(problem, VECTOR));
            return plain(problem, missing);
        }
        OneDnn library = loading.library();
        Products products = new Products(library);
        List<Gemm> all = new ArrayList<>();
        Optional<String> slow = slowBf16(library);
        boolean wished = wish.equals("onednn");
        OneDnnGemm rounded = new OneDnnGemm(library, products, Precision.BF16,
                slow.orElse("the processor has " + library.instructions()));
        if (slow.isEmpty()) {
            all.add(rounded);
        } else {
            missing.add("oneDNN bf16: " + slow.get());
        }
        String exact = slow.map(why -> "bf16 is not faster here: " + why)
                .orElse("the fastest that computes in float32");
        OneDnnGemm float32 = new OneDnnGemm(library, products, Precision.FP32, exact);
        if (slow.isPresent() && library.hasBf16()) {
            // last of them, so that it is there to be tried, or first because it was asked for
            all.add(new OneDnnGemm(library, products, Precision.BF16, wished ? "moeplan.gemm=onednn" : slow.get()));
            all.add(wished ? 1 : 0, float32);
        } else {
            all.add(float32);
        }
        all.add(new PlainGemm("needs nothing but Java"));
        missing.add(VECTOR);
        return new Ladder(all, library.hasAmx() ? new SplitGemm(rounded, float32) : float32, missing);
    }

    /**
     * Why bfloat16 is no faster than float32 here; empty if it is. Without AMX, Intel's processors take four times as long
     * for a bfloat16 instruction as for a float32 one, for twice the work (measured: 80 against 160 GFLOP/s on a core).
     */
    private static Optional<String> slowBf16(OneDnn library) {
        if (!library.hasBf16()) {
            return Optional.of("the processor has no AMX or AVX-512 bf16");
        }
        return library.hasAmx() || !vendorIsIntel()
                ? Optional.empty()
                : Optional.of("the processor has AVX-512 bf16, which is slower than float32 on Intel's, and no AMX");
    }

    private static boolean vendorIsIntel() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.anyMatch(line -> line.startsWith("vendor_id") && line.contains("Intel"));
        } catch (IOException e) {
            return false;
        }
    }

    /** The one to use for products that are computed at least as precisely. */
    Gemm best(Precision precision) {
        return all.stream().filter(gemm -> precision == Precision.BF16 || gemm.precision() == Precision.FP32)
                .findFirst().orElseThrow();
    }
}
