package io.moeplan.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;

/** Arrays of numbers as JSON. */
final class JsonArrays {
    private JsonArrays() {}

    static ArrayNode of(int[] values) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode(values.length);
        for (int value : values) {
            array.add(value);
        }
        return array;
    }

    static ArrayNode of(double[] values) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode(values.length);
        for (double value : values) {
            array.add(value);
        }
        return array;
    }

    static ArrayNode of(long[][] rows) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode(rows.length);
        for (long[] row : rows) {
            ArrayNode cells = array.addArray();
            for (long value : row) {
                cells.add(value);
            }
        }
        return array;
    }

    static ArrayNode of(double[][] rows) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode(rows.length);
        for (double[] row : rows) {
            array.add(of(row));
        }
        return array;
    }
}
