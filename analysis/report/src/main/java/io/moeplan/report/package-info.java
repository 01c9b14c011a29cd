/** One report model, rendered as text, HTML, JSON or CSV. */
package io.moeplan.report;
