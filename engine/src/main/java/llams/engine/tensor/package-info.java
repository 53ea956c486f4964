/// Typed, shaped memory, and the number formats in it. Read `Tensor` first.
///
/// | file | what it does |
/// |---|---|
/// | `Tensor` | dtype, shape and native little-endian memory; no arithmetic |
/// | `DType`, `Shape` | element types; dimensions |
/// | `BFloat16`, `Q8Block`, `Q4Block` | encoding and decoding of BF16, of Q8_0 and of Q4_0 |
/// | `KBlock` | decoding of Q4_K, Q5_K and Q6_K |
/// | `Nf4`, `DynamicMap`, `Codebook` | NF4 and 8-bit numbers of any size; the nearest of some numbers |
/// | `CounterRandom` | random numbers by position |
/// | `DropoutMask` | which elements a dropout keeps |
package llams.engine.tensor;
