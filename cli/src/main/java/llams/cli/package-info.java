/// The command line: a command parses, calls one library method and prints. Only this package knows option names.
///
/// | files | what they are |
/// |---|---|
/// | [Main] | the commands, and what becomes of a command line |
/// | [Console] | what every command shares: streams, `--verbose`, notes, exit codes |
/// | `*Command` | one command each, `TrainCommand` for `llams train` |
/// | `*Options`, `*Option`, [ModelShape], [DocumentFiles], [ChatVectorModels] | options that several commands take |
/// | [MergeMethods] | the merges that are commands of their own |
/// | [SettingNames], [Version] | the options that settings have; the program's version |
/// | [CommandArguments], [Configuration], [OptionsFile], [OptionsSchema], [Suggestions], [CompletionValues], [CommandGroups] | how a command line and a file of options are read; what is suggested; the help |
/// | [Errors] | what went wrong, as one line and an exit code |
/// | [Terminal], [Stderr], [ResultStream], [VisibleStream], [VisibleText], [Shell] | the terminal, safe and exact output, commands to paste |
/// | [ProgressMeter], [ByteMeter], [StepMeter] | how far long work has come |
/// | [ChatTerminal], [ChatCompleter], [ChatHistory] | lines of a conversation at a terminal: edited, completed, kept |
/// | [ChatInput], [ChatVerb], [ChatSession], [ChatFile] | what such a line says, and what becomes of it |
/// | [WorkInterruption], [AnswerInterruption] | Ctrl-C |
/// | [MachineMemory] | what work needs, and whether the machine has it |
/// | [TokenizeRequests], [InOrder], [IdReader], [TextReader], [TextFile] | what `tokenize` reads: requests as JSON, on all cores; ids; texts of any length and short ones |
/// | [Bundle], [BundleFile] | the program with its own Java in one file |
package llams.cli;
