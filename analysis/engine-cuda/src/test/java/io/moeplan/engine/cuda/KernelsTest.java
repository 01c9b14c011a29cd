package io.moeplan.engine.cuda;

import static org.junit.jupiter.api.Assumptions.abort;

import io.moeplan.engine.cuda.driver.Unavailable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The kernels compute what they say, where there is a GPU. */
final class KernelsTest {
    static Iterable<String> names() {
        return KernelChecks.names();
    }

    @ParameterizedTest
    @MethodSource("names")
    void agreesWithPlainLoops(String name) {
        try (OnDevice on = new OnDevice()) {
            KernelChecks.run(on, name);
        } catch (Unavailable e) {
            abort("no kernel runs here: " + e.getMessage());
        }
    }
}
