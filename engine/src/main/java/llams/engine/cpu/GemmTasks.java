package llams.engine.cpu;

/// How a pass shares its results out: `down` by `across` tasks of `tall` rows and `wide` columns of one sum.
///
/// Many small tasks end at about the same time; few large ones pack less often what they multiply by, and read the
/// packed left sides less often. So the time of the slowest thread is estimated for each way, in units of one row and
/// column, and the fastest way taken.
record GemmTasks(int wide, int tall, int across, int down) {
    private static final int MR = GemmTile.MR;
    private static final int NR = GemmTile.NR;
    /// The most columns of right sides that are packed at once: together with their part of `c` they stay in the
    /// second-level cache.
    static final int MAX_WIDE = 128;
    /// Packing a column takes as long as multiplying it by `PACKING` rows, reading a packed row as long as multiplying
    /// it by `READING` columns.
    private static final int PACKING = 20;
    private static final int READING = 4;
    /// What uneven threads add at the end, in tasks.
    private static final double TAIL = 0.125;

    /// @param widths columns of each sum
    static GemmTasks of(int height, int[] widths, int threads) {
        GemmTasks best = null;
        double least = Double.POSITIVE_INFINITY;
        for (int wide = MAX_WIDE; wide >= NR; wide -= NR) {
            int across = 0;
            for (int width : widths) {
                across += Math.ceilDiv(width, wide);
            }
            for (int parts = 1; parts <= threads && parts <= Math.ceilDiv(height, MR); parts++) {
                int tall = Math.ceilDiv(Math.ceilDiv(height, parts), MR) * MR;
                int down = Math.ceilDiv(height, tall);
                int rounds = Math.ceilDiv(across * down, threads);
                double time = (rounds + TAIL) * (tall * (double) (wide + READING) + PACKING * (double) wide);
                if (time < least) {
                    least = time;
                    best = new GemmTasks(wide, tall, across, down);
                }
            }
        }
        return best;
    }
}
