/// Recipes: work of many stages, described in a YAML file, of which only that is done which is not done yet.
///
/// | file | what it does |
/// |---|---|
/// | `Recipe`, `Stage`, `RecipeReader` | the file: stages in an order in which each follows what it needs |
/// | `Kinds`, `Work` | what a stage can do; the command line's commands, for `llams recipe` |
/// | `RecipeRun`, `StagePlan` | which stages run, and why |
/// | `RecipeReport` | the page about what came of it |
/// | `RecipeDirectory`, `StageRecord`, `FileKeys` | what is on the disk, and by what it is known again |
package llams.trainer.recipe;
