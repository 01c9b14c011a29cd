package io.moeplan.cli;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.FixedChoice;
import io.moeplan.eplb.migration.FailureDomain;
import io.moeplan.eplb.migration.Migration;
import io.moeplan.eplb.migration.MoveLimit;
import io.moeplan.eplb.migration.Relabelling;
import io.moeplan.eplb.migration.Survival;
import io.moeplan.eplb.planner.Planner;
import io.moeplan.eplb.planner.SearchPlanner;
import io.moeplan.eplb.search.Objective;
import io.moeplan.recording.maps.MapTarget;
import io.moeplan.report.MigrationText;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/** What a plan is adapted to once it is made: the layout that runs now, and failures that it must outlive. */
final class AdaptOptions {
    @Option(names = "--current", paramLabel = PlanArgument.LABEL, converter = PlanArgument.Reader.class,
            description = "What runs now, a plan file or " + PlanArgument.MAPS
                    + ": experts stay on their GPUs where they"
                    + " can, and the moves are counted.")
    private PlanArgument current;

    @Option(names = "--max-moves", paramLabel = "N", converter = Moves.class,
            description = "At most N experts move to another GPU, over all"
                    + " layers (with --current).")
    private Long maxMoves;

    @Option(names = "--expert-bytes", paramLabel = "SIZE", converter = MemorySize.class,
            description = "Bytes of one expert, to count the bytes that move, e.g. 44M.")
    private Long expertBytes;

    @Option(names = "--survive", paramLabel = "N", converter = AtLeastOne.class,
            description = "Every expert keeps a replica when any N GPUs are"
                    + " lost (or nodes, with --survive-domain).")
    private Integer survive;

    @Option(names = "--survive-domain", paramLabel = "WHAT",
            description = "gpu or node (with --survive). Default: gpu.")
    private FailureDomain domain;

    /**
     * Refuses options that say nothing without another one.
     *
     * @throws ParameterException if there are some
     */
    void check(CommandLine command) {
        if (current == null && (maxMoves != null || expertBytes != null)) {
            throw new ParameterException(command, (maxMoves != null ? "--max-moves" : "--expert-bytes")
                    + " is about moves from what runs now: give it with --current");
        }
        if (survive == null && domain != null) {
            throw new ParameterException(command, "--survive-domain says what --survive N counts: give both");
        }
    }

    /** The problem with the failures that its plan must outlive. */
    PlanProblem require(PlanProblem problem) {
        if (survive == null) {
            return problem;
        }
        boolean nodes = domain() == FailureDomain.NODE;
        return problem.with(problem.requirements().surviving(nodes ? 0 : survive, nodes ? survive : 0));
    }

    /**
     * Adapts a plan and says what that took.
     *
     * @param trace   the steps that the plan was made on
     * @param planner what made it: plans on the way to it are made for the same
     * @param target  what the current layout is read for, if it is an engine's map
     * @throws IOException if the current plan cannot be read
     */
    Plan adapt(Plan plan, LoadTrace trace, Planner planner, MapTarget target, PrintWriter out)
            throws IOException {
        Objective objective = planner instanceof SearchPlanner search ? search.goal() : new Objective.Mean();
        Plan adapted = plan;
        if (survive != null) {
            adapted = Survival.ensure(adapted, trace, survive, domain(), objective);
        }
        if (current != null) {
            adapted = afterCurrent(current.read(target, plan.topology().nodes(), plan.topology().gpus()), adapted,
                    trace, objective, out);
        }
        if (survive != null) {
            out.print(MigrationText.survival(Survival.cases(adapted, trace, domain()),
                    domain().name().toLowerCase(Locale.ROOT)));
        }
        return adapted;
    }

    private FailureDomain domain() {
        return domain == null ? FailureDomain.GPU : domain;
    }

    private Plan afterCurrent(Plan running, Plan next, LoadTrace trace, Objective objective, PrintWriter out) {
        long bytes = expertBytes == null ? 0 : expertBytes;
        MoveLimit limit = MoveLimit.between(running, next, trace, objective);
        Plan moved = maxMoves == null ? Relabelling.relabel(running, next) : limit.limit(maxMoves);
        if (Dispatch.named(next.dispatch()) instanceof FixedChoice) {
            out.println(
                    "Note: the dispatch rule " + next.dispatch() + " goes by rank, and staying where experts are gives"
                            + " GPUs other ranks: judge the plan with simulate.");
        }
        out.print(MigrationText.moves(Migration.between(running, moved, bytes), limit.table(bytes)));
        return moved;
    }

    private static final class Moves implements ITypeConverter<Long> {
        @Override
        public Long convert(String value) {
            if (!value.matches("\\d{1,18}")) {
                throw new TypeConversionException("'" + value + "' is not a whole number of 0 or more");
            }
            return Long.valueOf(value);
        }
    }
}
