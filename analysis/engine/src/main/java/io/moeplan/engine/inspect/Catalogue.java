package io.moeplan.engine.inspect;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moeplan.engine.model.Architectures;
import java.util.ArrayList;
import java.util.List;

/** What this build can run. */
public final class Catalogue {
    /** Weight formats; a checkpoint may mix them. */
    private static final List<String[]> FORMATS = List.of(
            new String[]{"bf16, fp16, fp32", "", "also fused over experts"},
            new String[]{"fp8", "e4m3 or e5m2; scales for blocks, rows (channels) or the whole tensor",
                "from fp8, compressed-tensors (float-quantized), modelopt (FP8) and fbgemm_fp8; fused over experts with"
                        + " block scales only"},
            new String[]{"mxfp4", "blocks of 32 with an e8m0 scale", "as gpt-oss stores it"});
    private static final String REFUSED = "int4 and int8 (AWQ, GPTQ, compressed-tensors), NVFP4, GGUF";

    private Catalogue() {}

    /** For the terminal. */
    public static String text() {
        List<String[]> families = new ArrayList<>();
        families.add(new String[]{"model_type", "models", "what is left out"});
        Architectures.families()
                .forEach(family -> families.add(new String[]{family.type(), family.models(), family.lacks()}));
        StringBuilder text = new StringBuilder(InspectionText.table(families)).append("\nWeights\n");
        FORMATS.forEach(format -> text.append("  ").append(format[0]).append(format[1].isEmpty() ? "" : ": ")
                .append(format[1]).append("; ").append(format[2]).append('\n'));
        return text.append("  not: ").append(REFUSED).append('\n').toString();
    }

    /** For machines. */
    public static String json() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        ArrayNode families = root.putArray("families");
        for (Architectures.Family family : Architectures.families()) {
            families.addObject().put("model_type", family.type()).put("models", family.models())
                    .put("lacks", family.lacks());
        }
        ArrayNode formats = root.putArray("formats");
        FORMATS.forEach(format -> formats.addObject().put("format", format[0]).put("detail", format[1])
                .put("note", format[2]));
        return root.put("not_read", REFUSED).toPrettyString();
    }
}
