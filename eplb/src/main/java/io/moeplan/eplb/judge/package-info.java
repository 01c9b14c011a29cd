/** What plans are worth on steps they were not made on: balance in every engine's terms, intervals, verdicts. */
package io.moeplan.eplb.judge;
