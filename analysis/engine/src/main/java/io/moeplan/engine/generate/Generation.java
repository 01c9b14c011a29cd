package io.moeplan.engine.generate;

import io.moeplan.engine.workload.Request;
import java.util.ArrayList;
import java.util.List;

/**
 * What was generated for a workload.
 *
 * @param completions in workload order, one for every request that had no response
 * @param tokens      new tokens of all of them
 * @param seconds     from the first prompt to the last token
 */
public record Generation(List<Completion> completions, long tokens, double seconds) {
    public double tokensPerSecond() {
        return tokens == 0 ? 0 : tokens / seconds;
    }

    /** The workload with what was generated as responses. */
    public List<Request> respond(List<Request> workload) {
        List<Request> answered = new ArrayList<>(workload);
        for (Completion completion : completions) {
            answered.set(completion.request(), answered.get(completion.request()).withResponse(completion.ids()));
        }
        return answered;
    }
}
