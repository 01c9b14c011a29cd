package io.moeplan.engine.record;

import io.moeplan.engine.workload.Request;
import java.util.ArrayList;
import java.util.List;

/** Numbers the requests of one recording. A wave's numbers count once it is finished, so a cancelled wave uses none up. */
final class RequestNumbers {
    private int next;

    RequestNumbers(int first) {
        next = first;
    }

    /** Rows of these requests with the numbers that come next. */
    List<RecordingSink.RequestRow> rows(List<Request> wave) {
        List<RecordingSink.RequestRow> rows = new ArrayList<>();
        for (Request request : wave) {
            rows.add(new RecordingSink.RequestRow(next + rows.size(), request.id(), request.tag(),
                    request.promptIds().length, request.responseIds().length));
        }
        return rows;
    }

    void used(int count) {
        next += count;
    }
}
