package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.Launcher;
import io.moeplan.engine.cuda.kernels.FastKernels;
import io.moeplan.engine.cuda.kernels.GroupedGemm;
import io.moeplan.engine.model.FeedForward.Activation;
import java.util.Optional;

/** Products of rows sorted by expert with each expert's weights, by the kernel that the shape allows. */
final class GroupedProduct {
    private static final int TILE = 64;

    private final Launcher launcher;
    private final FastKernels fast;

    GroupedProduct(Launcher launcher, FastKernels fast) {
        this.launcher = launcher;
        this.fast = fast;
    }

    /**
     * Sorted rows.
     *
     * @param rows    how many rows there are room for; those that count are known on the device only
     * @param offsets int32 {@code [experts + 1]} on the device, the first row of each expert
     */
    record Groups(int rows, long offsets, int experts) {
        private GroupedGemm.Sizes sizes(int columns, int depth) {
            return new GroupedGemm.Sizes(rows, experts, columns, depth);
        }
    }

    /**
     * Queues {@code c = activation(gates, ups)} with {@code weights [experts][gates, ups][columns][depth]}.
     *
     * @param bias float32 {@code [experts][2 * columns]}, 0 for none
     * @param a activations {@code [rows][depth]}
     * @param c activations {@code [rows][columns]}
     * @return whether there is a kernel for that; if not, nothing is queued
     */
    boolean gated(Groups groups, long a, long weights, long bias, Activation activation, long c, int columns,
            int depth) {
        GroupedGemm.Gate gate = new GroupedGemm.Gate(activation.slope(), activation.offset(), activation.limit());
        Optional<GroupedGemm> kernel = fast.grouped(columns, depth, new GroupedGemm.Kind(true, bias != 0, gate));
        kernel.ifPresent(product -> product.multiply(launcher.stream(), groups.sizes(columns, depth), a, weights, bias,
                groups.offsets(), c));
        return kernel.isPresent();
    }

    /**
     * Queues {@code c = a * weights^T + bias}.
     *
     * @param weights activations' type, {@code [experts][columns][depth]}
     * @param bias    float32 {@code [experts][columns]}, 0 for none
     */
    void plain(Groups groups, long a, long weights, long bias, long c, int columns, int depth) {
        Optional<GroupedGemm> kernel = fast.grouped(columns, depth,
                new GroupedGemm.Kind(false, bias != 0, GroupedGemm.Gate.SILU));
        if (kernel.isPresent()) {
            kernel.get().multiply(launcher.stream(), groups.sizes(columns, depth), a, weights, bias, groups.offsets(),
                    c);
            return;
        }
        launcher.grid(launcher.kernel("grouped_rows", "grouped_rows"), Math.ceilDiv(columns, TILE),
                Math.ceilDiv(groups.rows(), TILE) + groups.experts(), 128, 0, a, weights, bias, c, groups.offsets(),
                groups.experts(), columns, depth);
    }
}
