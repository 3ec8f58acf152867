// An integer hash of a lattice point: multiply, xor-shift, multiply. The upper bits are well mixed. As a signed integer
// it is uniform in [-2^31, 2^31). It is signed because AVX2 has no conversion between floats and unsigned integers.
const uint HASH_X = 0x9E3779B1u;
const uint HASH_Y = 0x85EBCA6Bu;
const float HASH_UNIT = 1.0 / 2147483648.0;

float hash_of(uint x_times_hash_x, uint y_times_hash_y) {
    uint h = x_times_hash_x ^ y_times_hash_y;
    return float(int((h ^ (h >> 15)) * 0x2C1B3C6Du));
}
