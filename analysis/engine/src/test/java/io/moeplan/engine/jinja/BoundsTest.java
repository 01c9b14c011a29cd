package io.moeplan.engine.jinja;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A hostile template ends in an error, soon, and without taking the process along. */
class BoundsTest {
    @ParameterizedTest
    @ValueSource(strings = {"{{ 'a' * 10000000000 }}", "{{ 'abc' * 100000000 }}", "{{ [1] * 10000000000 }}",
        "{{ range(100001) }}", "{{ 2 ** 64 }}", "{{ 9223372036854775807 + 1 }}", "{{ 10 ** 1000000000 }}",
        "{{ 'x'.zfill(1000000000) }}", "{{ 'x'.center(2000000000, 'ab') }}", "{{ '%9999999999d' % 1 }}",
        "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}"
                + "{% endfor %}",
        "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
        "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s|replace('', ns.s) %}{% endfor %}",
        "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s]|join %}{% endfor %}",
        "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = '{0}{0}'.format(ns.s) %}{% endfor %}",
        "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = '%s%s' % (ns.s, ns.s) %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}"
                + "{{ ns.l|tojson }}",
        "{% set a = namespace(l=[1]) %}{% set b = namespace(l=[1]) %}{% for i in range(99) %}"
                + "{% set a.l = [a.l, a.l] %}{% set b.l = [b.l, b.l] %}{% endfor %}{{ a.l == b.l }}",
        "{% set a = namespace(l=[1]) %}{% for i in range(999) %}{% set a.l = [a.l] %}{% endfor %}{{ a.l }}",
        "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
        "{% macro m() %}{% for i in range(9) %}{{ m() }}{% endfor %}{% endmacro %}{{ m() }}",
        "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{% if 1 %}{{ a() }}{% endif %}{% endmacro %}{{ a() }}",
        "{% for a in range(99999) %}{% for b in range(999) %}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                + "{% endfor %}{% endfor %}"})
    void hostileTemplateFails(String template) {
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(30),
                () -> assertThatThrownBy(() -> Template.parse(template).render(Map.of()))
                        .isInstanceOf(TemplateException.class));
    }

    @ParameterizedTest
    @ValueSource(strings = {"(", "[", "{1:", "-", "not ", "a[", "f(", "1 + (", "a if ", "x|default("})
    void deepNestingFails(String opening) {
        String template = "{{ " + opening.repeat(50_000);
        assertThatThrownBy(() -> Template.parse(template).render(Map.of())).isInstanceOf(TemplateException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{% if 1 %}", "{% for a in b %}", "{% filter upper %}", "{% set x %}", "{% macro m() %}"})
    void deepBlocksFail(String block) {
        assertThatThrownBy(() -> Template.parse(block.repeat(50_000))).isInstanceOf(TemplateException.class);
    }

    @Test
    void longChainsFailOrRenderButDoNotOverflow() {
        assertThatThrownBy(() -> Template.parse("{{ 1" + " + 1".repeat(100_000) + " }}").render(Map.of()))
                .isInstanceOf(TemplateException.class).hasMessageContaining("400 levels");
    }

    @Test
    void deepVariablesFail() {
        Object nested = List.of();
        for (int i = 0; i < 5000; i++) {
            nested = List.of(nested);
        }
        Map<String, Object> variables = Map.of("x", nested);
        assertThatThrownBy(() -> Template.parse("{{ x }}").render(variables)).isInstanceOf(TemplateException.class);
    }

    /** Random soups of template pieces parse or fail cleanly, and so do their renderings. */
    @Test
    void soupNeverBreaksOut() {
        String[] pieces = {"{{", "}}", "{%", "%}", "{#", "#}", "-", " if ", " for ", " in ", " x ", "[", "]", "(", ")",
            "'", "\"", "\\", ".a", "|", "upper", " is ", "defined", "1", "2.5", " endif ", " endfor ", " else ", "~",
            "+", "**", "//", "%", ",", ":", "=", " set ", " macro ", "\n", "é", "😀", " not ", " and ", "range(3)"};
        Random random = new Random(7);
        Map<String, Object> variables = Map.of("x", List.of(1, "a"), "a", Map.of("a", 2));
        for (int i = 0; i < 5_000; i++) {
            StringBuilder template = new StringBuilder(random.nextBoolean() ? "{{ " : "{% for x in x %}{{ x");
            random.ints(random.nextInt(20), 0, pieces.length).forEach(p -> template.append(pieces[p]));
            template.append(random.nextBoolean() ? " }}" : "{% endfor %}");
            try {
                Template.parse(template.toString()).render(variables);
            } catch (TemplateException expected) {
                // the only way to fail
            }
        }
    }
}
