/// A model's programs as people read them: as a table, as JSON and as a page.
package llams.trainer.explain;
