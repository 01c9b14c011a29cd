package io.moeplan.engine.workload;

import io.moeplan.engine.text.TextEncoder;
import io.moeplan.engine.workload.Draft.Ids;
import io.moeplan.engine.workload.Draft.Part;
import io.moeplan.engine.workload.Draft.Text;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** Makes drafts into requests: tokenises their texts, many at a time, and checks their token ids. */
final class Encoder {
    private final TextEncoder tokenizer;
    private final int vocabSize;

    Encoder(TextEncoder tokenizer, int vocabSize) {
        this.tokenizer = tokenizer;
        this.vocabSize = vocabSize;
    }

    List<Request> encode(List<Draft> drafts) throws IOException {
        List<String> special = new ArrayList<>();
        List<String> plain = new ArrayList<>();
        for (Draft draft : drafts) {
            collect(draft, draft.prompt(), special, plain);
            collect(draft, draft.response(), special, plain);
        }
        Iterator<int[]> specialIds = encodeAll(special, true);
        Iterator<int[]> plainIds = encodeAll(plain, false);
        List<Request> requests = new ArrayList<>(drafts.size());
        for (Draft draft : drafts) {
            int[] prompt = ids(draft.prompt(), specialIds, plainIds);
            int[] response = ids(draft.response(), specialIds, plainIds);
            if (prompt.length == 0) {
                throw draft.place().error("the prompt has no tokens");
            }
            check(draft.place(), "prompt", prompt);
            check(draft.place(), "response", response);
            requests.add(new Request(draft.id(), draft.tag(), prompt, response, draft.chat()));
        }
        return requests;
    }

    private void collect(Draft draft, Part part, List<String> special, List<String> plain) throws WorkloadException {
        if (part instanceof Text text) {
            if (tokenizer == null) {
                throw draft.place().error("holds text, but the model has no tokenizer.json (or tiktoken.model); "
                        + "without one only prompt_token_ids or input_ids can be run");
            }
            (text.special() ? special : plain).add(text.text());
        }
    }

    private Iterator<int[]> encodeAll(List<String> texts, boolean addSpecial) throws IOException {
        return texts.isEmpty() ? List.<int[]>of().iterator() : tokenizer.encodeAll(texts, addSpecial).iterator();
    }

    private static int[] ids(Part part, Iterator<int[]> specialIds, Iterator<int[]> plainIds) {
        return switch (part) {
            case Ids ids -> ids.ids();
            case Text text -> (text.special() ? specialIds : plainIds).next();
        };
    }

    private void check(Place place, String part, int[] ids) throws WorkloadException {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0 || (vocabSize > 0 && ids[i] >= vocabSize)) {
                throw place.error("token id " + ids[i] + " at position " + i + " of the " + part + " is outside "
                        + (vocabSize > 0 ? "the model's vocabulary of " + vocabSize : "any vocabulary"));
            }
        }
    }
}
