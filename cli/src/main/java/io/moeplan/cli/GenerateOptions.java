package io.moeplan.cli;

import io.moeplan.engine.generate.Sampling;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Whether and how the model answers requests that have no response. */
final class GenerateOptions {
    @Option(names = "--max-new-tokens", paramLabel = "N", required = true, converter = Count.class, description = "Let"
            + " the model answer requests that have no response, with N tokens at most, and record the answers as the"
            + " response. Weights and caches must fit --memory. Ends at the eos_token_id of generation_config.json or"
            + " config.json.")
    private int maxNewTokens;

    @Option(names = "--temperature", paramLabel = "T", defaultValue = "0", converter = Temperature.class,
            description = "0 takes the most probable token, more draws by probability. Default: ${DEFAULT-VALUE}.")
    private double temperature;

    @Option(names = "--top-p", paramLabel = "P", defaultValue = "1", converter = TopP.class, description = "Draw among"
            + " the most probable tokens that have this probability together. Default: ${DEFAULT-VALUE}.")
    private double topP;

    @Option(names = "--ignore-eos", description = "Go on after a stop token, to N tokens.")
    private boolean ignoreEos;

    @Option(names = "--responses", paramLabel = "FILE", description = "Save what was generated, a new JSONL file in"
            + " the shape of an OpenAI Batch output, with token_ids beside the text; a model without tokenizer.json"
            + " gives token_ids only.")
    private Path responses;

    int maxNewTokens() {
        return maxNewTokens;
    }

    Sampling sampling(long seed) {
        return new Sampling(temperature, topP, seed);
    }

    boolean ignoreEos() {
        return ignoreEos;
    }

    Optional<Path> responses() {
        return Optional.ofNullable(responses);
    }

    private static double number(String value, String expected) {
        try {
            return Double.parseDouble(value);
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'" + value + "' is not " + expected);
        }
    }

    private static final class Count implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            double count = number(value, "a whole number");
            if (count != Math.rint(count) || count < 1 || count > Integer.MAX_VALUE) {
                throw new TypeConversionException(value + " tokens cannot be generated, give 1 or more");
            }
            return (int) count;
        }
    }

    private static final class Temperature implements ITypeConverter<Double> {
        @Override
        public Double convert(String value) {
            double temperature = number(value, "a number");
            try {
                return new Sampling(temperature, 1, 0).temperature();
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    private static final class TopP implements ITypeConverter<Double> {
        @Override
        public Double convert(String value) {
            double topP = number(value, "a number");
            try {
                return new Sampling(0, topP, 0).topP();
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
