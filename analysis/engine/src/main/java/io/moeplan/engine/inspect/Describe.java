package io.moeplan.engine.inspect;

import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.Router;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Architectures in words. */
final class Describe {
    private Describe() {}

    /** Each kind of attention, with the number of layers that have it. */
    static Map<String, Integer> attention(Architecture architecture) {
        Map<String, Integer> kinds = new LinkedHashMap<>();
        architecture.layers().forEach(layer -> kinds.merge(attention(layer.attention()), 1, Integer::sum));
        return kinds;
    }

    private static String attention(Attention attention) {
        return switch (attention) {
            case Attention.GroupedQuery a -> "grouped-query, " + a.heads() + " heads of " + a.headDim() + ", "
                    + a.kvHeads() + " key heads" + span(a.span()) + positions(a);
            case Attention.Latent a -> "latent, " + a.heads() + " heads of " + a.keyDim() + ", keys and values from "
                    + a.latentRank() + (a.queryRank() > 0 ? ", queries from " + a.queryRank() : "");
            case Attention.GatedDelta a -> "gated delta, " + a.valueHeads() + " heads of " + a.valueDim() + ", "
                    + a.keyHeads() + " key heads of " + a.keyDim();
        };
    }

    private static String span(Attention.Span span) {
        return switch (span.kind()) {
            case ALL -> "";
            case SLIDING -> ", window of " + span.tokens();
            case CHUNKED -> ", chunks of " + span.tokens();
        };
    }

    private static String positions(Attention.GroupedQuery attention) {
        if (attention.rope().isEmpty()) {
            return ", no positions";
        }
        return attention.rotaryDim() == attention.headDim() ? "" : ", " + attention.rotaryDim() + " rotated";
    }

    /** How tokens choose experts. */
    static String router(Router router) {
        List<String> words = new ArrayList<>();
        words.add(router.score().name().toLowerCase(Locale.ROOT).replace('_', ' '));
        if (router.correction()) {
            words.add("with a selection bias");
        }
        router.groups().ifPresent(groups -> words.add("of " + groups.kept() + " of " + groups.count()
                + " groups by their best " + (groups.best() == 1 ? "expert" : groups.best() + " experts")));
        if (router.divisor().sum()) {
            words.add("normalised");
        }
        if (router.scale() != 1) {
            words.add("times " + router.scale());
        }
        return String.join(", ", words);
    }

    /** Experts that every token passes, beside the routed ones. */
    static String shared(FeedForward.Sparse sparse) {
        return sparse.shared().map(shared -> shared.width() + " wide" + (shared.gated() ? ", gated" : ""))
                .orElse("none");
    }

    /** Layer numbers as ranges, such as {@code 0-2, 5}. */
    static String ranges(int[] layers) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < layers.length; i++) {
            int from = i;
            while (i + 1 < layers.length && layers[i + 1] == layers[i] + 1) {
                i++;
            }
            text.append(text.isEmpty() ? "" : ", ").append(layers[from])
                    .append(i > from ? "-" + layers[i] : "");
        }
        return text.toString();
    }
}
