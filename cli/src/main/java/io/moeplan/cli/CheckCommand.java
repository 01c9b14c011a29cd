package io.moeplan.cli;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.planfile.Finding;
import io.moeplan.eplb.planfile.PlanCheck;
import io.moeplan.eplb.planfile.PlanFile;
import io.moeplan.recording.Recording;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code moeplan check plan.json [REC]}: whether what a plan says of itself is true. */
@Command(name = "check", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Recomputes everything that"
                + " a plan states, and says what holds. Exit code 1 if something does not.")
final class CheckCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "PLAN", description = "A plan file.")
    private Path planFile;

    @Parameters(index = "1", arity = "0..1", paramLabel = "REC",
            description = "The recording it was made on: with it balance and bounds are recomputed too.")
    private Path recording;

    @Override
    public Integer call() throws IOException {
        Plan plan = PlanFile.read(planFile);
        PrintWriter out = spec.commandLine().getOut();
        List<Finding> findings = PlanCheck.check(plan, trace(plan, out));
        findings.forEach(finding -> out.println(label(finding) + finding.text()));
        boolean holds = PlanCheck.holds(findings);
        out.println(holds ? "The plan holds." : "The plan does not hold.");
        out.flush();
        return holds ? ExitCode.OK : ExitCode.SOFTWARE;
    }

    private Optional<LoadTrace> trace(Plan plan, PrintWriter out) throws IOException {
        if (recording == null) {
            return Optional.empty();
        }
        Recording opened = Recording.open(recording);
        if (!opened.digest().equals(plan.recording().digest())) {
            out.println("note   " + recording + " is not the recording that the plan names; figures will differ");
        }
        return Optional.of(opened.trace());
    }

    private static String label(Finding finding) {
        return switch (finding.status()) {
            case HOLDS -> "holds  ";
            case FAILS -> "FAILS  ";
            case NOTE -> "note   ";
        };
    }
}
