package io.moeplan.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** This build's version and commit, as the build wrote them into {@code build.properties}. */
final class BuildVersion implements IVersionProvider {
    @Override
    public String[] getVersion() {
        Properties build = properties();
        String dirty = Boolean.parseBoolean(build.getProperty("git.dirty")) ? ", changed since" : "";
        return new String[]{"moeplan " + version(),
            "commit " + build.getProperty("git.commit.id.abbrev", "unknown") + dirty,
            "Java " + Runtime.version() + " (" + System.getProperty("java.vendor") + ")"};
    }

    /** For example {@code 0.1.0-SNAPSHOT}. */
    static String version() {
        return properties().getProperty("git.build.version", "unknown");
    }

    private static Properties properties() {
        Properties properties = new Properties();
        try (InputStream in = BuildVersion.class.getResourceAsStream("build.properties")) {
            if (in != null) {
                properties.load(in);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties;
    }
}
