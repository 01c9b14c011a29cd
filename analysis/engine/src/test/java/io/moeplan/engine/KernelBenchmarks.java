package io.moeplan.engine;

import io.moeplan.engine.gemm.GemmKernels;
import io.moeplan.engine.gemm.Gemms;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * The JMH benchmarks of the engine's kernels, with every implementation of products that the machine has. Arguments are
 * JMH's ({@code -h} lists them): which benchmarks, by a regular expression, and what to set, as in
 * {@code Gemm -p rows=256 -p format=BF16}.
 */
final class KernelBenchmarks {
    private KernelBenchmarks() {}

    public static void main(String[] arguments) throws Exception {
        CommandLineOptions given = new CommandLineOptions(arguments);
        if (given.shouldHelp()) {
            given.showHelp();
            return;
        }
        Gemms.all().forEach(gemm -> System.out.println("has " + gemm.name() + ": " + gemm.reason()));
        Gemms.missing().forEach(line -> System.out.println("has no " + line));
        OptionsBuilder options = new OptionsBuilder();
        options.parent(given).forks(given.getForkCount().orElse(1))
                .warmupIterations(given.getWarmupIterations().orElse(3))
                .warmupTime(given.getWarmupTime().orElse(TimeValue.milliseconds(300)))
                .measurementIterations(given.getMeasurementIterations().orElse(3))
                .measurementTime(given.getMeasurementTime().orElse(TimeValue.milliseconds(300)));
        if (!given.getParameter("rung").hasValue()) {
            options.param("rung", GemmKernels.rungs());
        }
        new Runner(options.build()).run();
    }
}
