package io.moeplan.cli;

import io.moeplan.eplb.Plan;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.Engine;
import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.planner.Planner;
import java.util.Optional;
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
                        + " most even split there is, step by step). Plans are made for the rule and judged"
                        + " with it. Default: the one that a plan file was made for; else even.")
        private Dispatch rule;

        @Option(names = "--engine", paramLabel = "NAME", converter = EngineName.class,
                description = "The rule that an engine follows unless told otherwise: sglang, vllm, vllm-ascend,"
                        + " tensorrt-llm or deepseek.")
        private Engine engine;
    }

    /** The rule asked for; {@code even} if none was. */
    Dispatch rule() {
        return asked().orElseGet(EvenSplit::new);
    }

    /** The rule asked for; the one that the plan was made for if none was. */
    Dispatch rule(Plan plan) {
        return asked().orElseGet(() -> Dispatch.named(plan.dispatch()));
    }

    /**
     * What to say of a planner that knows nothing of the rule asked for: its plans are no better for it. Empty where there is
     * nothing to say.
     */
    String ignoredBy(Planner planner) {
        boolean heeded = asked().isEmpty() || planner.dispatch().name().equals(rule().name());
        return heeded
                ? ""
                : "Note: " + planner.name() + " knows no dispatch rule but " + planner.dispatch().name()
                        + " and planned for that.\n      Use --algorithm search, or judge the plan with simulate"
                        + " --dispatch " + rule().name() + ".\n";
    }

    private Optional<Dispatch> asked() {
        return choice.engine != null ? Optional.of(choice.engine.dispatch()) : Optional.ofNullable(choice.rule);
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
