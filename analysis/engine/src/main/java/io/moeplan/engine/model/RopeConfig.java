package io.moeplan.engine.model;

import java.util.List;

/**
 * Reads rotary embedding settings in both styles found in the wild: {@code rope_theta} with {@code rope_scaling}, and
 * {@code rope_parameters}.
 *
 * @param maxPositions   the positions the model serves with this scaling, in tokens
 * @param attentionScale what DeepSeek's families multiply scores with beside their own scale ({@code mscale_all_dim})
 */
record RopeConfig(Rope rope, int maxPositions, double attentionScale) {
    private static final int MAX_POSITIONS = 1 << 28;

    /**
     * @param dimensions width of a head, of which {@code partial_rotary_factor} may leave some out
     * @param theta      the base where the configuration names none
     * @param partial    the part of a head that is rotated where the configuration does not say
     */
    static RopeConfig read(ConfigReader config, int dimensions, int maxPositions, double theta, double partial)
            throws ModelException {
        ConfigReader scaling = config.section(config.has("rope_parameters") ? "rope_parameters" : "rope_scaling");
        double base = scaling.positiveOr(config.positiveOr(theta, "rope_theta"), "rope_theta");
        double part = scaling.positiveOr(config.positiveOr(partial, "partial_rotary_factor"), "partial_rotary_factor");
        int width = config.sizeOr((int) (dimensions * part), Limits.HEAD_DIM, "rotary_dim");
        if (width > dimensions || width < 2 || width % 2 != 0) {
            throw new ModelException(config.file(), "the rotated part of a head is " + width + " of " + dimensions
                    + " wide, expected an even number of at least 2");
        }
        String type = scaling.textOr("default", "rope_type", "type");
        double factor = scaling.positiveOr(1, "factor");
        return switch (type) {
            case "default" -> new RopeConfig(Rope.plain(base, width), maxPositions, 1);
            case "linear" -> new RopeConfig(Rope.linear(base, width, factor), maxPositions, 1);
            case "dynamic" -> new RopeConfig(dynamic(scaling, base, width), maxPositions, 1);
            case "llama3" -> new RopeConfig(llama3(scaling, base, width, factor), maxPositions, 1);
            case "yarn" -> yarn(scaling, base, width, factor, maxPositions);
            case "longrope", "su" -> longRope(config, scaling, base, width, maxPositions);
            default -> throw new ModelException(config.file(), "rope_type " + type
                    + " is not supported (default, linear, dynamic, llama3, yarn, longrope are)");
        };
    }

    /** Hunyuan's fixed {@code alpha}; without one nothing changes up to {@code max_position_embeddings}. */
    private static Rope dynamic(ConfigReader scaling, double base, int width) throws ModelException {
        double alpha = scaling.positiveOr(1, "alpha");
        return Rope.plain(base * Math.pow(alpha, width / (width - 2.0)), width);
    }

    private static Rope llama3(ConfigReader scaling, double base, int width, double factor) throws ModelException {
        int original = scaling.size(MAX_POSITIONS, "original_max_position_embeddings");
        return Rope.llama3(base, width, factor, original, scaling.positiveOr(1, "low_freq_factor"),
                scaling.positiveOr(4, "high_freq_factor"));
    }

    /**
     * The factors for sequences up to {@code original_max_position_embeddings}; longer ones have factors of their own, which
     * change every position, and are not taken.
     */
    private static RopeConfig longRope(ConfigReader config, ConfigReader scaling, double base, int width,
            int maxPositions) throws ModelException {
        int original = scaling.sizeOr(
                config.sizeOr(maxPositions, MAX_POSITIONS, "original_max_position_embeddings"), MAX_POSITIONS,
                "original_max_position_embeddings");
        List<Double> factors = scaling.positives("short_factor");
        if (factors.size() != width / 2) {
            throw new ModelException(config.file(), "short_factor holds " + factors.size()
                    + " numbers, expected one for each of " + width / 2 + " pairs");
        }
        double stretch = scaling.positiveOr((double) maxPositions / original, "factor");
        double usual = stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(original));
        double magnitude = scaling.positiveOr(scaling.positiveOr(usual, "attention_factor"), "short_mscale");
        return new RopeConfig(Rope.scaled(base, factors, magnitude), Math.min(original, maxPositions), 1);
    }

    private static RopeConfig yarn(ConfigReader scaling, double theta, int headDim, double factor, int maxPositions)
            throws ModelException {
        int original = scaling.sizeOr(maxPositions, MAX_POSITIONS, "original_max_position_embeddings");
        Rope rope = Rope.yarn(theta, headDim, factor, original, scaling.positiveOr(32, "beta_fast"),
                scaling.positiveOr(1, "beta_slow"), scaling.flagOr(true, "truncate"),
                scaling.positiveOr(magnitude(scaling, factor), "attention_factor"));
        double allDim = scaling.fractionOr(0, "mscale_all_dim");
        double score = allDim == 0 ? 1 : Math.pow(magnitude(factor, allDim), 2);
        return new RopeConfig(rope, Math.clamp(Math.round(factor * original), maxPositions, MAX_POSITIONS), score);
    }

    private static double magnitude(ConfigReader scaling, double factor) throws ModelException {
        if (scaling.has("mscale") && scaling.has("mscale_all_dim")) {
            return magnitude(factor, scaling.positiveOr(1, "mscale"))
                    / magnitude(factor, scaling.positiveOr(1, "mscale_all_dim"));
        }
        return magnitude(factor, 1);
    }

    private static double magnitude(double factor, double mscale) {
        return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
    }
}
