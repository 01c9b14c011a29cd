package io.moeplan.cli;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The direction of dependencies, in words. */
class ArchitectureTest {
    private static final JavaClasses MOEPLAN = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("io.moeplan");

    static final List<ArchRule> RULES = List.of(
            moduleSeesOnly("eplb").as("eplb knows loads and plans: no engine, no recording, no command line"),
            moduleSeesOnly("tensors").as("tensors reads foreign bytes and knows nothing else of moeplan"),
            moduleSeesOnly("engine", "tensors").as("the engine sees tensors only: never eplb, never Arrow"),
            moduleSeesOnly("engine.cuda", "engine", "tensors")
                    .as("the CUDA backend stands behind the engine's interface"),
            noClasses().that().resideInAPackage("io.moeplan.engine..").and()
                    .resideOutsideOfPackage("io.moeplan.engine.cuda..").should().dependOnClassesThat()
                    .resideInAPackage("io.moeplan.engine.cuda..").as("the engine does not know CUDA"),
            noClasses().that().resideInAPackage("io.moeplan.engine.cuda.driver").should().dependOnClassesThat()
                    .resideInAnyPackage("io.moeplan.engine.cuda", "io.moeplan.engine.cuda.kernels",
                            "io.moeplan.engine.cuda.weights")
                    .as("what calls CUDA knows neither kernels nor weights"),
            moduleSeesOnly("recording", "eplb", "tensors").as("recordings know loads, not the engine that made them"),
            moduleSeesOnly("statistics", "eplb").as("statistics are computed from loads"),
            moduleSeesOnly("report", "statistics", "eplb").as("reports render statistics and plans"),
            slices().matching("io.moeplan.(**)").should().beFreeOfCycles().as("no cycle between packages"),
            noClasses().that().resideInAPackage("io.moeplan..").should()
                    .dependOnClassesThat(resideInAnyPackage("jdk.internal..", "sun..")));

    @ParameterizedTest
    @FieldSource("RULES")
    void holds(ArchRule rule) {
        rule.check(MOEPLAN);
    }

    @ParameterizedTest(name = "only {1} uses {0}")
    @CsvSource({"org.apache.arrow.., io.moeplan.recording..", "ai.djl.., io.moeplan.engine.text..",
        "picocli.., io.moeplan.cli..", "org.apache.commons.math3.., io.moeplan.statistics..",
        "jdk.incubator.., io.moeplan.engine.gemm.."})
    void libraryHasOneHome(String library, String home) {
        noClasses().that().resideOutsideOfPackage(home).should().dependOnClassesThat().resideInAPackage(library)
                .check(MOEPLAN);
    }

    @ParameterizedTest
    @ValueSource(strings = {"eplb", "tensors", "engine", "engine.cuda", "recording", "statistics", "report", "cli"})
    void moduleIsLookedAt(String module) {
        assertThat(MOEPLAN).anyMatch(type -> type.getPackageName().startsWith("io.moeplan." + module));
    }

    private static ArchRule moduleSeesOnly(String module, String... others) {
        String[] packages = new String[others.length + 2];
        packages[0] = "io.moeplan." + module + "..";
        packages[1] = "io.moeplan." + module;
        for (int i = 0; i < others.length; i++) {
            packages[i + 2] = "io.moeplan." + others[i] + "..";
        }
        return classes().that().resideInAPackage("io.moeplan." + module + "..").should().onlyDependOnClassesThat(
                resideInAnyPackage(packages).or(not(resideInAnyPackage("io.moeplan.."))));
    }
}
