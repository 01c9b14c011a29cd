package io.moeplan.cli;

/** How a result is printed on stdout. */
enum Format {
    TEXT, JSON, CSV
}
