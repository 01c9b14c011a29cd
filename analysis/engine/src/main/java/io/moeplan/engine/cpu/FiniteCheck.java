package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Work;
import io.moeplan.tensors.CheckpointException;
import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.matrix.Matrix;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Looks for NaN and infinite weights when they are first used, and warns of each tensor once. */
final class FiniteCheck {
    private static final int MOST_WARNINGS = 10;

    private final Consumer<String> warnings;
    private final Set<Piece> checked = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Set<String> warned = new HashSet<>();

    FiniteCheck(Consumer<String> warnings) {
        this.warnings = warnings;
    }

    /** @param place where the piece is in memory */
    void check(Piece piece, UnaryOperator<Tensor> place, Workers workers, Work work) {
        if (!checked.add(piece)) {
            return;
        }
        ConcurrentSkipListMap<Integer, String> problems = new ConcurrentSkipListMap<>();
        workers.run(new long[piece.matrices().size()], work, (i, scratch) -> {
            Matrix matrix = piece.matrices().get(i).over(place);
            try {
                matrix.requireFinite();
            } catch (CheckpointException e) {
                problems.put(i, e.getMessage());
            }
        });
        problems.forEach((i, problem) -> warn(piece.matrices().get(i).name(), problem));
    }

    /** @param problem a line that says where the tensor is */
    void warn(String tensor, String problem) {
        if (warned.size() <= MOST_WARNINGS && warned.add(tensor)) {
            warnings.accept(warned.size() <= MOST_WARNINGS
                    ? problem
                    : "weights of further tensors are not finite either; no more of them are named");
        }
    }
}
