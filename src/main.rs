//! The `railspan` program; everything is in the library.

fn main() -> std::process::ExitCode {
    railspan::cli::main()
}
