package io.moeplan.cli;

import io.moeplan.eplb.Plan;
import io.moeplan.eplb.TokenTrace;
import io.moeplan.eplb.judge.HoldoutSplit;
import io.moeplan.eplb.replay.ReplaySplit;
import io.moeplan.recording.Absent;
import io.moeplan.recording.Mode;
import io.moeplan.recording.Recording;
import java.io.IOException;
import java.util.function.Function;

/** The requests of a per-token recording that a plan is judged on. */
final class JudgedRequests {
    private JudgedRequests() {}

    /**
     * Reads the tokens of a recording, once for all plans.
     *
     * @param holdout share of the steps that {@code plan --holdout} held out, or null to go by what the plan says it was
     *                made on
     * @return the requests to judge a plan on; throws {@link IllegalArgumentException} if there are none
     * @throws IllegalArgumentException if the recording is not per-token, or its source knew no requests
     */
    static Function<Plan, ReplaySplit> of(RecordingArgument argument, Recording recording, Double holdout)
            throws IOException {
        require(recording);
        return orPasses(argument, recording, holdout);
    }

    /** @throws IllegalArgumentException if the recording has tokens whose requests its source did not tell */
    static void require(Recording recording) {
        if (recording.manifest().mode() == Mode.PER_TOKEN && recording.lacks(Absent.REQUESTS)) {
            throw new IllegalArgumentException(
                    recording.dir() + ": its source did not tell which request a token belongs"
                            + " to, which --replay needs: leave --replay out to judge on the passes that ran");
        }
    }

    /** The same, where forward passes in the place of requests will do. */
    static Function<Plan, ReplaySplit> orPasses(RecordingArgument argument, Recording recording, Double holdout)
            throws IOException {
        TokenTrace tokens = recording.tokenTrace();
        if (holdout == null) {
            String digest = recording.digest();
            return plan -> ReplaySplit.forPlan(tokens, digest, plan);
        }
        ReplaySplit split = ReplaySplit.of(tokens, HoldoutSplit.of(argument.trace(recording), holdout));
        return plan -> split;
    }
}
