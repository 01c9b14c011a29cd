package io.moeplan.eplb.planner;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Test;

class ReferenceSortTest {
    /** Values with many ties, and some that drive quicksort into its heapsort fallback. */
    @Test
    void tiesFallAsInTorch() throws IOException {
        ObjectMapper json = new ObjectMapper();
        try (InputStream in = ReferenceSortTest.class.getResourceAsStream("torch_sort.json")) {
            for (JsonNode c : json.readTree(in).get("cases")) {
                float[] values = json.treeToValue(c.get("values"), float[].class);
                assertThat(ReferenceSort.descending(values, values.length))
                        .containsExactly(json.treeToValue(c.get("order"), int[].class));
            }
        }
        assertThat(ReferenceSort.descending(new float[0], 0)).isEmpty();
    }
}
