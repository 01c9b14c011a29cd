/** How an expert's tokens come to its replicas: the rules of the engines, each with its source. */
package io.moeplan.eplb.dispatch;
