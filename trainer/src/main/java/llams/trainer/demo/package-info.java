/// The texts of the demo: a small example in Korean and English that comes with this program.
package llams.trainer.demo;
