package io.moeplan.eplb;

import java.util.List;

/** Whether any layout at all can do what a problem asks for; if not, what would be possible. */
final class ProblemCheck {
    private final Topology topology;
    private final int experts;
    private final int groups;
    private final Requirements requirements;
    /** GPUs that are there, over all nodes and per node, {@code [nodes]}. */
    private final int present;
    private final int[] nodeGpus;

    private ProblemCheck(Topology topology, int experts, int groups, Requirements requirements) {
        this.topology = topology;
        this.experts = experts;
        this.groups = groups;
        this.requirements = requirements;
        present = topology.gpus() - requirements.absent().size();
        nodeGpus = new int[topology.nodes()];
        for (int gpu = 0; gpu < topology.gpus(); gpu++) {
            nodeGpus[topology.nodeOf(gpu)] += requirements.absent().contains(gpu) ? 0 : 1;
        }
    }

    /** @throws ImpossiblePlanException if no layout can do it */
    static void require(Topology topology, int experts, int groups, Requirements requirements) {
        requireGpus(requirements.absent(), topology.gpus());
        ProblemCheck check = new ProblemCheck(topology, experts, groups, requirements);
        check.requireRoom();
        if (requirements.groups() == GroupPlacement.PINNED) {
            check.requireRoomForGroups();
        }
        check.requireSurvival();
    }

    /** @throws ImpossiblePlanException if a GPU said to be absent is none, or none is left */
    static void requireGpus(List<Integer> absent, int gpus) {
        for (int gpu : absent) {
            if (gpu < 0 || gpu >= gpus) {
                throw new ImpossiblePlanException(
                        "absent GPU " + gpu + " is none of 0 to " + (gpus - 1) + ", which --gpus counts");
            }
        }
        if (absent.size() == gpus) {
            throw new ImpossiblePlanException("all " + gpus + " GPUs are absent: leave at least one");
        }
    }

    private int slots() {
        return present * topology.slotsPerGpu() - requirements.empty();
    }

    private void requireRoom() {
        int slotsPerGpu = topology.slotsPerGpu();
        String counted = present + (present < topology.gpus() ? " present" : "") + " GPUs x " + slotsPerGpu + " slots"
                + (requirements.empty() > 0 ? " - " + requirements.empty() + " empty" : "");
        if (slots() < experts) {
            int needed = (experts + requirements.empty() + present - 1) / present;
            throw new ImpossiblePlanException(counted + " = " + slots() + " slots do not hold " + experts
                    + " experts: use --slots-per-gpu " + needed + " or more");
        }
        if (slotsPerGpu > experts) {
            throw new ImpossiblePlanException(slotsPerGpu + " slots per GPU for " + experts
                    + " experts would put two replicas of an expert on one GPU: use at most --slots-per-gpu " + experts
                    + " (--redundant " + (long) experts * (present - 1) + ")");
        }
        if (slots() < present) {
            throw new ImpossiblePlanException(counted + " = " + slots() + " filled slots leave " + (present - slots())
                    + " GPUs without any expert: fill the spare slots, or use at least --redundant "
                    + (present - experts));
        }
    }

    /** Groups are equally large, so how many each node can and must take decides. */
    private void requireRoomForGroups() {
        int size = experts / groups;
        int most = mostGroups(topology.slotsPerGpu());
        if (most < groups) {
            int copies = requirements.lostGpus() + 1;
            int enough = topology.slotsPerGpu();
            while (mostGroups(enough) < groups && enough <= (long) experts * copies) {
                enough++;
            }
            String remedy = enough <= experts ? "use --slots-per-gpu " + enough + " or more, or " : "";
            throw new ImpossiblePlanException(
                    "only " + most + " of " + groups + " groups of " + size + " experts fit whole"
                            + (copies > 1 ? ", with " + copies + " replicas each," : "") + " onto the nodes: " + remedy
                            + "leave groups free (--groups 1)");
        }
        int least = 0;
        for (int gpus : nodeGpus) {
            int each = requirements.distinct() && requirements.empty() == 0 ? topology.slotsPerGpu() : 1;
            least += gpus == 0 ? 0 : (each + size - 1) / size;
        }
        if (least > groups) {
            throw new ImpossiblePlanException(groups + " groups of " + size + " experts pinned to nodes do not fill "
                    + topology.slotsPerGpu() + " slots per GPU without an expert twice on one: leave groups free"
                    + " (--groups 1) or use fewer slots or nodes");
        }
    }

    private int mostGroups(int slotsPerGpu) {
        int size = experts / groups;
        int copies = requirements.lostGpus() + 1;
        long groupsThatFit = 0;
        for (int gpus : nodeGpus) {
            groupsThatFit += gpus > requirements.lostGpus() ? (long) gpus * slotsPerGpu / ((long) size * copies) : 0;
        }
        return (int) Math.min(groupsThatFit, Integer.MAX_VALUE);
    }

    private void requireSurvival() {
        int lostNodes = requirements.lostNodes();
        if (lostNodes > 0 && requirements.groups() == GroupPlacement.PINNED) {
            throw new ImpossiblePlanException("experts whose group is pinned to one node are lost with it: leave groups"
                    + " free (--groups 1) to survive the loss of a node");
        }
        requireCopies(requirements.lostGpus(), present, "GPU");
        int nodes = 0;
        long room = 0;
        for (int gpus : nodeGpus) {
            nodes += gpus > 0 ? 1 : 0;
            room += Math.min((long) gpus * topology.slotsPerGpu(), experts);
        }
        requireCopies(lostNodes, nodes, "node");
        // A node counts for each expert once: several replicas within it are lost together.
        if (lostNodes > 0 && room < (long) experts * (lostNodes + 1)) {
            throw new ImpossiblePlanException(
                    "the nodes hold " + room + " different experts in all, surviving the loss of "
                            + lostNodes + " takes " + (long) experts * (lostNodes + 1)
                            + ": use more slots per GPU or nodes of like size");
        }
    }

    private void requireCopies(int lost, int domains, String what) {
        if (lost == 0) {
            return;
        }
        if (lost >= domains) {
            throw new ImpossiblePlanException("no plan survives the loss of " + lost + " of " + domains + " " + what
                    + (domains == 1 ? "" : "s") + ": use at most " + (domains - 1));
        }
        long needed = (long) experts * lost;
        if (slots() - experts < needed) {
            throw new ImpossiblePlanException("to survive the loss of " + lost + " " + what + (lost == 1 ? "" : "s")
                    + " each of " + experts + " experts needs " + (lost + 1) + " replicas: use at least --redundant "
                    + needed + " (there are " + (slots() - experts) + ")");
        }
    }
}
