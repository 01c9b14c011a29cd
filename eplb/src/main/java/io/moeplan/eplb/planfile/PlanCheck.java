package io.moeplan.eplb.planfile;

import io.moeplan.eplb.Bound;
import io.moeplan.eplb.GroupPlacement;
import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Layout;
import io.moeplan.eplb.LayoutCheck;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.PlanSummary;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.planner.DistinctReplicas;
import io.moeplan.eplb.planner.Planning;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Recomputes everything that a plan states, from its maps and, where there is one, the recording it was made on; believes
 * nothing that is written in it.
 */
public final class PlanCheck {
    /** Figures may differ by the order of floating-point sums. */
    private static final double TOLERANCE = 1e-9;

    private final Plan plan;
    private final List<Finding> findings = new ArrayList<>();

    private PlanCheck(Plan plan) {
        this.plan = plan;
    }

    /**
     * Checks a plan.
     *
     * @param trace the recording that the plan was made on, whole or at least the steps planned on; without it the balance
     *              and the bounds are only checked against each other
     * @return what was found, in the order of the checks; the plan holds if none {@linkplain Finding.Status#FAILS fails}
     */
    public static List<Finding> check(Plan plan, Optional<LoadTrace> trace) {
        PlanCheck check = new PlanCheck(plan);
        if (check.layoutsHold()) {
            check.distinct();
            check.groups();
            check.survival();
            check.figures();
            check.purpose();
            trace.ifPresentOrElse(check::certificates, () -> check.findings
                    .add(Finding.note("balance and bounds were not recomputed: that takes the recording")));
        }
        return List.copyOf(check.findings);
    }

    /** Whether none of the findings fails. */
    public static boolean holds(List<Finding> findings) {
        return findings.stream().noneMatch(finding -> finding.status() == Finding.Status.FAILS);
    }

    private boolean layoutsHold() {
        if (plan.layers().isEmpty()) {
            findings.add(Finding.fails("the plan has no layers"));
            return false;
        }
        List<String> faults = new ArrayList<>();
        int previous = -1;
        for (LayerPlan layer : plan.layers()) {
            if (layer.layer() <= previous) {
                faults.add(at(layer) + "comes after layer " + previous + ": layers must ascend");
            }
            previous = layer.layer();
            problemFault(layer).or(() -> layoutFault(layer)).ifPresent(fault -> faults.add(at(layer) + fault));
        }
        Topology topology = plan.topology();
        int absent = plan.requirements().absent().size();
        report(faults, "every expert has a slot in each of " + plan.layers().size() + " layers, and the slots of "
                + (topology.gpus() - absent) + " GPUs are filled"
                + (absent > 0 ? "; " + absent + (absent == 1 ? " is absent" : " are absent") : "")
                + (plan.requirements().empty() > 0 ? "; " + plan.requirements().empty() + " slots stay empty" : ""));
        slotCounts();
        return faults.isEmpty();
    }

    private Optional<String> problemFault(LayerPlan layer) {
        try {
            plan.problem(layer);
            return Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.of(e.getMessage());
        }
    }

    private Optional<String> layoutFault(LayerPlan layer) {
        return LayoutCheck.find(plan.topology(layer), plan.model().experts(), plan.requirements(),
                layer.physicalToLogical()).map(LayoutCheck.Fault::message);
    }

    private void slotCounts() {
        int even = plan.topology().slotsPerGpu();
        long sum = plan.layers().stream().mapToLong(layer -> plan.topology(layer).slotsPerGpu()).sum();
        boolean uneven = plan.layers().stream().anyMatch(layer -> plan.topology(layer).slotsPerGpu() != even);
        if (sum != (long) even * plan.layers().size()) {
            findings.add(Finding.fails("the layers have " + sum + " slots per GPU in all, the plan's topology "
                    + (long) even * plan.layers().size()));
        } else if (uneven) {
            findings.add(Finding.holds("the layers share " + sum + " slots per GPU unevenly"));
        }
    }

    private void distinct() {
        List<String> twice = plan.layers().stream().filter(layer -> DistinctReplicas.neededFor(plan.topology(layer),
                plan.model().experts(), layer.physicalToLogical())).map(layer -> String.valueOf(layer.layer()))
                .toList();
        if (twice.isEmpty()) {
            findings.add(Finding.holds("no GPU holds an expert twice"));
            return;
        }
        String where = "a GPU holds an expert twice, which wastes a slot, in " + layers(twice);
        findings.add(plan.requirements().distinct() ? Finding.fails(where) : Finding.note(where));
    }

    private void groups() {
        if (plan.requirements().groups() != GroupPlacement.PINNED) {
            return;
        }
        List<String> faults = new ArrayList<>();
        for (LayerPlan layer : plan.layers()) {
            int[] nodeOf = new int[plan.model().groups()];
            Arrays.fill(nodeOf, -1);
            PlanProblem problem = plan.problem(layer);
            Topology topology = problem.topology();
            int[] map = layer.physicalToLogical();
            for (int slot = 0; slot < map.length; slot++) {
                if (map[slot] == Layout.EMPTY) {
                    continue;
                }
                int group = problem.groupOf(map[slot]);
                int node = topology.nodeOf(topology.gpuOf(slot));
                if (nodeOf[group] >= 0 && nodeOf[group] != node) {
                    faults.add(at(layer) + "group " + group + " lies on nodes " + nodeOf[group] + " and " + node);
                    break;
                }
                nodeOf[group] = node;
            }
        }
        report(faults, "each of " + plan.model().groups() + " groups lies on one node");
    }

    private void survival() {
        survival(plan.requirements().lostGpus(), "GPU", 1);
        survival(plan.requirements().lostNodes(), "node", plan.topology().gpusPerNode());
    }

    private void survival(int lost, String what, int gpusInOne) {
        if (lost == 0) {
            return;
        }
        List<String> faults = new ArrayList<>();
        for (LayerPlan layer : plan.layers()) {
            int experts = plan.model().experts();
            Layout layout = new Layout(plan.topology(layer), experts, layer.physicalToLogical());
            for (int e = 0; e < experts; e++) {
                long places = layout.gpusOf(e).map(gpu -> gpu / gpusInOne).distinct().count();
                if (places <= lost) {
                    faults.add(at(layer) + "expert " + e + " lies on " + places + " " + what + (places == 1 ? "" : "s")
                            + " only");
                    break;
                }
            }
        }
        report(faults,
                "every expert keeps a replica whichever " + (lost == 1 ? what + " is" : lost + " " + what + "s are")
                        + " lost");
    }

    private void purpose() {
        findings.add(Finding.note("planned for the dispatch rule " + plan.dispatch() + ", minimising "
                + plan.objective()
                + (plan.dispatch().equals(new EvenSplit().name()) ? "" : "; balance and bounds are under even split")));
    }

    /** The figures against each other, which needs no recording. */
    private void figures() {
        List<String> faults = new ArrayList<>();
        for (LayerPlan layer : plan.layers()) {
            if (!same(layer.balancedness() * layer.maxOverMean(), 1)) {
                faults.add(at(layer) + "balancedness " + layer.balancedness() + " is not 1 / max_over_mean "
                        + layer.maxOverMean());
            }
            if (layer.maxOverMean() < layer.lowerBound() * (1 - TOLERANCE)) {
                faults.add(at(layer) + "max_over_mean " + layer.maxOverMean() + " is below lower_bound "
                        + layer.lowerBound());
            }
            double gap = Math.max(0, layer.maxOverMean() / layer.lowerBound() - 1);
            if (!same(1 + layer.gap(), 1 + gap)) {
                faults.add(at(layer) + "gap " + layer.gap() + " is not max_over_mean / lower_bound - 1 = " + gap);
            }
        }
        report(faults, "balancedness, max_over_mean, lower_bound and gap agree with each other");
    }

    private void certificates(LoadTrace recording) {
        int steps = plan.recording().steps();
        if (recording.experts() != plan.model().experts() || recording.steps().size() < steps) {
            findings.add(
                    Finding.fails("the recording has " + recording.steps().size() + " steps of " + recording.experts()
                            + " experts, the plan was made on " + steps + " of " + plan.model().experts()
                            + ": it is another recording"));
            return;
        }
        LoadTrace window = recording.slice(0, steps);
        if (window.tokens() != plan.recording().tokens()) {
            findings.add(Finding.fails("the recording's first " + steps + " steps have " + window.tokens()
                    + " tokens, the plan was made on " + plan.recording().tokens() + ": it is another recording"));
            return;
        }
        Map<Integer, Integer> index = new HashMap<>();
        for (int i = 0; i < window.layers(); i++) {
            index.put(window.layerId(i), i);
        }
        List<String> faults = new ArrayList<>();
        for (LayerPlan layer : plan.layers()) {
            if (index.containsKey(layer.layer())) {
                certificate(layer, window.totals(index.get(layer.layer())), faults);
            } else {
                faults.add(at(layer) + "is not in the recording");
            }
        }
        report(faults,
                "balance, lower bound, its term and gap of every layer are those of the recording's first " + steps
                        + " steps");
        if (faults.isEmpty()) {
            summary();
        }
    }

    private void certificate(LayerPlan layer, long[] totals, List<String> faults) {
        LayerPlan anew = Planning.certify(plan.problem(layer), layer.layer(), layer.physicalToLogical(), totals);
        compare(layer, "max_over_mean", layer.maxOverMean(), anew.maxOverMean(), faults);
        compare(layer, "balancedness", layer.balancedness(), anew.balancedness(), faults);
        compare(layer, "lower_bound", layer.lowerBound(), anew.lowerBound(), faults);
        compare(layer, "gap", 1 + layer.gap(), 1 + anew.gap(), faults);
        if (layer.boundTerm().isPresent() && !layer.boundTerm().equals(anew.boundTerm())) {
            faults.add(at(layer) + "bound_term is " + PlanFile.name(layer.boundTerm().orElseThrow()) + ", recomputed "
                    + PlanFile.name(anew.boundTerm().orElseThrow()));
        }
    }

    private static void compare(LayerPlan layer, String what, double stated, double anew, List<String> faults) {
        if (!same(stated, anew)) {
            faults.add(at(layer) + what + " is stated as " + stated + ", recomputed " + anew);
        }
    }

    /** How good the plan is, now that its figures are known to be right. */
    private void summary() {
        PlanSummary summary = PlanSummary.of(plan);
        Map<String, Long> terms = plan.layers().stream().flatMap(layer -> layer.boundTerm().stream())
                .collect(Collectors.groupingBy(PlanFile::name, Collectors.counting()));
        String binding = Arrays.stream(Bound.Term.values()).map(PlanFile::name).filter(terms::containsKey)
                .map(term -> term + " in " + terms.get(term)).collect(Collectors.joining(", "));
        findings.add(Finding.note(String.format(Locale.ROOT,
                "no plan can be better by more than %.3f %% (mean over layers), %.3f %% (worst layer); what bounds the"
                        + " layers: %s",
                100 * summary.meanGap(), 100 * summary.worstGap(), binding.isEmpty() ? "not stated" : binding)));
    }

    private static boolean same(double a, double b) {
        return Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.max(Math.abs(a), Math.abs(b)));
    }

    private void report(List<String> faults, String otherwise) {
        if (faults.isEmpty()) {
            findings.add(Finding.holds(otherwise));
        }
        faults.forEach(fault -> findings.add(Finding.fails(fault)));
    }

    private static String at(LayerPlan layer) {
        return "layer " + layer.layer() + ": ";
    }

    private static String layers(List<String> numbers) {
        return (numbers.size() == 1 ? "layer " : "layers ") + String.join(", ", numbers);
    }
}
