package llams.spark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import llams.model.files.DataException;
import llams.trainer.wiki.KowikiText;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;

/// The articles of some pieces, written in parts of consecutive pieces, one by a task.
record ArticleFiles(JavaSparkContext spark, List<Piece> pieces, int parts) {
    private static final StructType SCHEMA = new StructType().add("title", DataTypes.StringType, false)
            .add("text", DataTypes.StringType, false);

    /// @param directory is complete when this returns: Spark's committer puts each part there once
    /// @throws DataException if parts are missing: the machines do not share the directory
    KowikiText.Counts write(ArticleForm form, Path directory) throws IOException {
        Tally tally = new Tally();
        spark.sc().register(tally, "pages");
        JavaRDD<String> articles = articles(tally);
        SparkSession session = SparkSession.builder().getOrCreate();
        switch (form) {
            // Spark ends each text with the line's end that is cut off here.
            case KOWIKITEXT -> articles.map(article -> article.substring(0, article.length() - 1))
                    .saveAsTextFile(directory.toString());
            case PARQUET ->
                session.createDataFrame(articles.map(ArticleFiles::row), SCHEMA).write().parquet(directory.toString());
        }
        KowikiText.Counts counts = tally.value();
        switch (form) {
            case KOWIKITEXT -> check(directory, "bytes of text", bytes(directory), counts.bytesWritten());
            case PARQUET -> check(directory, "articles",
                    session.read().schema(SCHEMA).parquet(directory.toString()).count(), counts.articles());
        }
        return counts;
    }

    private long bytes(Path directory) throws IOException {
        long bytes = 0;
        for (FileStatus part : KowikiJob.parts(directory.getFileSystem(spark.hadoopConfiguration()), directory)) {
            bytes += part.getLen();
        }
        return bytes;
    }

    private static void check(Path directory, String what, long found, long written) {
        if (found != written) {
            throw new DataException(directory + ": has " + found + " " + what + ", but the tasks wrote " + written
                    + "; --out must be a directory that all machines of the cluster share");
        }
    }

    private JavaRDD<String> articles(Tally counts) {
        Broadcast<SerializableConfiguration> hadoop = spark
                .broadcast(new SerializableConfiguration(spark.hadoopConfiguration()));
        return spark.parallelize(new ArrayList<>(pieces), parts).flatMap(piece -> {
            Configuration configuration = hadoop.value().value();
            return piece.articles(configuration, counts).iterator();
        });
    }

    /// The title, and what the reader of kowikitext makes of the article: both lead to the same tokens.
    private static Row row(String article) {
        String titleLine = article.substring(0, article.indexOf('\n'));
        return RowFactory.create(titleLine.substring(2, titleLine.length() - 2), article.strip());
    }
}
