package io.moeplan.report;

import static io.moeplan.report.Numbers.figure;
import static io.moeplan.report.Numbers.integer;
import static io.moeplan.report.Numbers.percent;

import io.moeplan.eplb.migration.Migration;
import io.moeplan.eplb.migration.MoveLimit;
import io.moeplan.eplb.migration.Survival;
import java.util.List;

/** What changing over to a plan takes, and what it outlives, for the terminal. */
public final class MigrationText {
    private MigrationText() {}

    /** The moves of a plan, and what fewer of them would buy. */
    public static String moves(Migration migration, List<MoveLimit.Row> table) {
        TextTable rows = new TextTable("rrrrrr", "share", "moves", "bytes", "objective", "max/mean", "worst layer");
        for (MoveLimit.Row row : table) {
            rows.row(percent(row.share()), integer(row.moves()), bytes(row.bytes()), figure(row.meanCost()),
                    figure(row.meanMaxOverMean()), figure(row.worstMaxOverMean()));
        }
        return "Migration: " + integer(migration.moves()) + " experts move to another GPU, over "
                + migration.layers().size() + " layers" + (migration.bytes() > 0 ? ", " + bytes(migration.bytes()) : "")
                + "\nMoves against balance (of all moves that the whole new plan takes). Objective: what the plan is"
                + " made for,\nabout the fullest GPU over the mean in each step; max/mean: of the mean of the steps"
                + " planned on\n" + rows.render() + "\n";
    }

    /** Balance in each case of a loss. */
    public static String survival(List<Survival.Case> cases, String what) {
        TextTable rows = new TextTable("rrrr", what + " lost", "experts lost", "max/mean", "worst layer");
        for (Survival.Case loss : cases) {
            rows.row(integer(loss.lost()), integer(loss.expertsLost()), figure(loss.meanMaxOverMean()),
                    figure(loss.worstMaxOverMean()));
        }
        return "Survival: what the loss of each " + what + " leaves\n" + rows.render() + "\n";
    }

    private static String bytes(long bytes) {
        return bytes == 0 ? "-" : integer(Math.max(1, bytes >> 20)) + " MiB";
    }
}
