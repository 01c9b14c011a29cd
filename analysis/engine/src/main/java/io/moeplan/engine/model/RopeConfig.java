package io.moeplan.engine.model;

import java.util.Set;

/**
 * Reads rotary embedding settings in both styles found in the wild: {@code rope_theta} with {@code rope_scaling}, and
 * {@code rope_parameters}.
 *
 * @param maxPositions the positions the model serves with this scaling, in tokens
 */
record RopeConfig(Rope rope, int maxPositions) {
    private static final Set<String> SUPPORTED = Set.of("default", "linear", "yarn");
    private static final int MAX_POSITIONS = 1 << 28;

    static RopeConfig read(ConfigReader config, int headDim, int maxPositions) throws ModelException {
        ConfigReader scaling = config.section(config.has("rope_parameters") ? "rope_parameters" : "rope_scaling");
        double theta = scaling.positiveOr(config.positiveOr(10_000, "rope_theta"), "rope_theta");
        String type = scaling.textOr("default", "rope_type", "type");
        if (!SUPPORTED.contains(type)) {
            throw new ModelException(config.file(),
                    "rope_type " + type + " is not supported (default, linear, yarn are)");
        }
        double factor = scaling.positiveOr(1, "factor");
        return switch (type) {
            case "linear" -> new RopeConfig(Rope.linear(theta, headDim, factor), maxPositions);
            case "yarn" -> yarn(scaling, theta, headDim, factor, maxPositions);
            default -> new RopeConfig(Rope.plain(theta, headDim), maxPositions);
        };
    }

    private static RopeConfig yarn(ConfigReader scaling, double theta, int headDim, double factor, int maxPositions)
            throws ModelException {
        int original = scaling.sizeOr(maxPositions, MAX_POSITIONS, "original_max_position_embeddings");
        Rope rope = Rope.yarn(theta, headDim, factor, original, scaling.positiveOr(32, "beta_fast"),
                scaling.positiveOr(1, "beta_slow"), scaling.flagOr(true, "truncate"),
                scaling.positiveOr(magnitude(scaling, factor), "attention_factor"));
        return new RopeConfig(rope, Math.clamp(Math.round(factor * original), maxPositions, MAX_POSITIONS));
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
