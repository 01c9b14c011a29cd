/** The search for one layer's layout, on plain arrays: what to fill, how moves are priced, which moves are tried. */
package io.moeplan.eplb.search;
