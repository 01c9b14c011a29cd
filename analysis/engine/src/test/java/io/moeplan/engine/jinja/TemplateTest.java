package io.moeplan.engine.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TemplateTest {
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-03-05T07:08:09Z"), ZoneOffset.UTC);

    private static String render(String template) {
        return Template.parse(template).render(Map.of());
    }

    @Test
    void namesTheLineOfAParseError() {
        assertThatThrownBy(() -> Template.parse("a\n{# b\n #}\n{% if x %}\n{{ 1 + }}{% endif %}"))
                .hasMessage("line 5: expected a value, got the end of the tag");
    }

    @Test
    void namesTheLineOfARuntimeError() {
        assertThatThrownBy(() -> render("a\n\n{% set x = 'a' %}\n{{ x\n + 1 }}"))
                .hasMessage("line 4: can only concatenate str (not \"int\") to str")
                .isInstanceOfSatisfying(TemplateException.class, e -> {
                    assertThat(e.line()).isEqualTo(4);
                    assertThat(e.problem()).startsWith("can only");
                });
    }

    @Test
    void namesTheLineInsideAMacro() {
        assertThatThrownBy(() -> render("{% macro m() %}\n{{ raise_exception('no') }}\n{% endmacro %}\n\n{{ m() }}"))
                .hasMessage("line 2: no");
    }

    @Test
    void tellsTheTime() {
        String template = "{{ strftime_now('%d %b %Y|%A %-d %B|%H:%M:%S|%j|%y%m%d|%I %p|%%|%a') }}";
        assertThat(Template.parse(template).render(Map.of(), CLOCK))
                .isEqualTo("05 Mar 2026|Thursday 5 March|07:08:09|064|260305|07 AM|%|Thu");
        assertThat(render("{{ strftime_now('%Y') }}")).matches("\\d{4}");
        assertThatThrownBy(() -> render("{{ strftime_now('%Q') }}")).hasMessageContaining("%Q");
    }

    @Test
    void takesJavaNumbers() {
        Map<String, Object> variables = Map.of("i", 1, "f", 1.5f, "b", BigInteger.valueOf(7), "big",
                BigInteger.TWO.pow(80), "d", new BigDecimal("0.25"));
        assertThat(Template.parse("{{ i + b }} {{ f }} {{ big }} {{ d }} {{ [big]|tojson }} {{ big is number }}")
                .render(variables)).isEqualTo("8 1.5 1208925819614629174706176 0.25 [1208925819614629174706176] True");
    }

    @Test
    void refusesOtherValues() {
        Template template = Template.parse("{{ x }}");
        assertThatThrownBy(() -> template.render(Map.of("x", new Object()))).isInstanceOf(TemplateException.class);
        assertThatThrownBy(() -> template.render(Map.of("x", Map.of(1, 2)))).isInstanceOf(TemplateException.class);
    }

    @Test
    void offersNoReflection() {
        assertThat(render("{{ ''.__class__ }}{{ [].__class__ }}{{ range.__globals__ }}{{ ''.getClass }}")).isEmpty();
        assertThatThrownBy(() -> render("{{ ''.getClass() }}")).hasMessageContaining("no attribute 'getClass'");
        assertThatThrownBy(() -> render("{{ ''.__class__.__mro__ }}")).isInstanceOf(TemplateException.class);
    }

    @Test
    void leavesTheVariablesAlone() {
        Map<String, Object> message = new HashMap<>(Map.of("role", "user"));
        Map<String, Object> variables = Map.of("messages", List.of(message));
        assertThat(
                Template.parse("{% for m in messages %}{% set m = 1 %}{% endfor %}{% set messages = 3 %}{{ messages }}")
                        .render(variables))
                .isEqualTo("3");
        assertThat(message).containsExactly(Map.entry("role", "user"));
    }

    @Test
    void rendersRepeatedly() {
        Template template = Template.parse("{% set ns = namespace(n=0) %}{% set ns.n = ns.n + i %}{{ ns.n }}");
        for (int i = 0; i < 3; i++) {
            assertThat(template.render(Map.of("i", i))).isEqualTo(Integer.toString(i));
        }
    }

    @Test
    void saysWhatItDoesNotSupport() {
        assertThatThrownBy(() -> render("{% for x in y recursive %}{% endfor %}")).hasMessageContaining("recursive");
        assertThatThrownBy(() -> render("{{ f(*x) }}")).hasMessageContaining("unpacking");
        assertThatThrownBy(() -> render("{% include 'x' %}")).hasMessageContaining("'include'");
    }

    @Test
    void knowsWhetherALoopRunsOverContent() {
        assertThat(Template.parse("{% for m in messages %}{{ m.content }}{% endfor %}").loopsOver("content")).isFalse();
        assertThat(List.of("{% for m in x %}{% for p in m.content %}{% endfor %}{% endfor %}",
                "{% if 1 %}{% else %}{% for p in m['content']|list %}{% endfor %}{% endif %}",
                "{% macro text(content) %}{% for p in content %}{% endfor %}{% endmacro %}"))
                .allMatch(source -> Template.parse(source).loopsOver("content"));
    }

    @Test
    void rendersLongConversations() {
        Map<String, Object> message = Map.of("role", "user", "content", "word ".repeat(2000));
        Map<String, Object> variables = Map.of("messages", Collections.nCopies(1000, message));
        String text = Template.parse("{% for m in messages %}{% if m.content.split('w')[-1]|trim %}"
                + "{{ '<' + m.role + '>' + m.content | trim }}{% endif %}{% endfor %}").render(variables);
        assertThat(text).hasSize(1000 * (6 + 9999));
    }
}
