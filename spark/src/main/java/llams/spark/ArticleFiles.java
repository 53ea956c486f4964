package llams.spark;

import java.util.ArrayList;
import java.util.List;
import llams.trainer.wiki.KowikiText;
import org.apache.hadoop.conf.Configuration;
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
    /// @param directory is complete when this returns: Spark's committer puts each part there once
    KowikiText.Counts write(ArticleForm form, String directory) {
        Tally counts = new Tally();
        spark.sc().register(counts, "pages");
        JavaRDD<String> articles = articles(counts);
        switch (form) {
            // Spark ends each text with the line's end that is cut off here.
            case KOWIKITEXT ->
                articles.map(article -> article.substring(0, article.length() - 1)).saveAsTextFile(directory);
            case PARQUET -> {
                StructType schema = new StructType().add("title", DataTypes.StringType, false)
                        .add("text", DataTypes.StringType, false);
                SparkSession.builder()
                        .getOrCreate()
                        .createDataFrame(articles.map(ArticleFiles::row), schema)
                        .write()
                        .parquet(directory);
            }
        }
        return counts.value();
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
