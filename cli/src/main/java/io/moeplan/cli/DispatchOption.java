package io.moeplan.cli;

import io.moeplan.eplb.Dispatch;
import io.moeplan.eplb.Engine;
import io.moeplan.eplb.EvenSplit;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The rule by which tokens come to replicas: by its own name, or as an engine has it. */
final class DispatchOption {
    @ArgGroup
    private Choice choice = new Choice();

    private static final class Choice {
        @Option(names = "--dispatch", paramLabel = "NAME", converter = RuleName.class,
                description = "How tokens come to an expert's replicas: even (equal shares), random (any replica for each"
                        + " token; vLLM), static (that of the own GPU or node, else a fixed one per rank; SGLang),"
                        + " dynamic (any for each token; SGLang), modulo (rank modulo replicas; vllm-ascend), lp (the"
                        + " most even split there is, step by step). Default: even.")
        private Dispatch rule;

        @Option(names = "--engine", paramLabel = "NAME", converter = EngineName.class,
                description = "The rule that an engine follows unless told otherwise: sglang, vllm, vllm-ascend,"
                        + " tensorrt-llm or deepseek.")
        private Engine engine;
    }

    /** The rule asked for; {@code even} if none was. */
    Dispatch rule() {
        if (choice.engine != null) {
            return choice.engine.dispatch();
        }
        return choice.rule == null ? new EvenSplit() : choice.rule;
    }

    private static final class RuleName implements ITypeConverter<Dispatch> {
        @Override
        public Dispatch convert(String value) {
            try {
                return Dispatch.named(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    private static final class EngineName implements ITypeConverter<Engine> {
        @Override
        public Engine convert(String value) {
            try {
                return Engine.named(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
