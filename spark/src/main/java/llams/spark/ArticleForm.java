package llams.spark;

/// What articles are written as.
enum ArticleForm {
    KOWIKITEXT, PARQUET
}
