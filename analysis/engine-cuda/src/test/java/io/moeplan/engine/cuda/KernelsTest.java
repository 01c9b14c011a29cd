package io.moeplan.engine.cuda;

import static org.junit.jupiter.api.Assumptions.abort;

import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.cuda.driver.Unavailable;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The kernels compute what they say, where there is a GPU. */
final class KernelsTest {
    static Stream<Arguments> checks() {
        return KernelChecks.TYPES.stream()
                .flatMap(type -> StreamSupport.stream(KernelChecks.names().spliterator(), false)
                        .map(name -> Arguments.of(name, type)));
    }

    @ParameterizedTest
    @MethodSource("checks")
    void agreesWithPlainLoops(String name, NumberType type) {
        try (OnDevice on = new OnDevice(type)) {
            KernelChecks.run(on, name);
        } catch (Unavailable e) {
            abort("no kernel runs here: " + e.getMessage());
        }
    }
}
