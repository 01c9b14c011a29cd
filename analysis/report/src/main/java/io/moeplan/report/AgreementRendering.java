package io.moeplan.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moeplan.statistics.Agreement;
import java.util.Locale;

/** How far two recordings agree, as text, JSON and CSV. */
public final class AgreementRendering {
    private AgreementRendering() {}

    /** For the terminal: overall, then every layer. */
    public static String text(Agreement agreement) {
        TextTable table = new TextTable("rrr", "layer", "same experts", "largest shift of a load");
        for (int layer = 0; layer < agreement.layerIds().length; layer++) {
            table.row(String.valueOf(agreement.layerIds()[layer]), percent(agreement.same()[layer]),
                    percent(agreement.shift()[layer]));
        }
        return "Same set of experts for " + percent(agreement.overall()) + " of (token, layer), over "
                + Numbers.integer(agreement.tokens()) + " tokens\nThe load of no expert differs by more than "
                + percent(agreement.largestShift()) + " of the tokens\n\n" + table.render();
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.3f %%", 100 * share);
    }

    /** {@code moeplan-agreement}; shares from 0 to 1. */
    public static String json(Agreement agreement) {
        ObjectNode node = JsonReport.document("moeplan-agreement").put("tokens", agreement.tokens())
                .put("same_sets", agreement.overall()).put("largest_shift", agreement.largestShift());
        ArrayNode layers = node.putArray("layers");
        for (int layer = 0; layer < agreement.layerIds().length; layer++) {
            layers.addObject().put("layer", agreement.layerIds()[layer]).put("same_sets", agreement.same()[layer])
                    .put("largest_shift", agreement.shift()[layer]);
        }
        return JsonReport.print(node);
    }

    /** A row for each layer. */
    public static String csv(Agreement agreement) {
        StringBuilder text = new StringBuilder("layer,same_sets,largest_shift\n");
        for (int layer = 0; layer < agreement.layerIds().length; layer++) {
            text.append(agreement.layerIds()[layer]).append(',').append(agreement.same()[layer]).append(',')
                    .append(agreement.shift()[layer]).append('\n');
        }
        return text.toString();
    }
}
