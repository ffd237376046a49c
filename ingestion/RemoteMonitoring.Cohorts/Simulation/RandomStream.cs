using System.Numerics;

namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>What a stream of random numbers is for; the numbers are part of the generator's version and never reused.</summary>
internal enum StreamPurpose
{
    Profile = 1,
    Device = 2,
    Enrolment = 3,
    Body = 4,
    Episodes = 5,
    Leaving = 6,
    Habits = 7,
    Readings = 8,
    Network = 9,
    Nurse = 10,
    Hospital = 11,
    Handover = 12,
    Lapses = 13,
    Stranger = 14,
    Replacement = 15,
    Homecoming = 16,
}

/// <summary>
/// xoshiro256** (Blackman and Vigna, ACM Trans Math Softw 2021;47:36), seeded by SplitMix64 from (seed, patient, purpose,
/// day). Each day of each patient has its own streams, so what one of them draws cannot move another. Mutable: pass by reference.
/// </summary>
internal struct RandomStream
{
    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;

    public RandomStream(ulong seed, int patient, StreamPurpose purpose, int day = 0)
    {
        var key = Mix(seed + 0x9E3779B97F4A7C15);
        key = Mix(key ^ ((ulong)(uint)patient * 0xD1342543DE82EF95) ^ 0x2545F4914F6CDD1D);
        key = Mix(key ^ (((ulong)purpose << 32) | (uint)day));
        _s0 = Mix(key += 0x9E3779B97F4A7C15);
        _s1 = Mix(key += 0x9E3779B97F4A7C15);
        _s2 = Mix(key += 0x9E3779B97F4A7C15);
        _s3 = Mix(key + 0x9E3779B97F4A7C15);
    }

    /// <summary>The finaliser of SplitMix64: a bijection that leaves no trace of the order of its inputs.</summary>
    public static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    public ulong Next()
    {
        var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        var t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>Uniform in [0, 1).</summary>
    public double Uniform() => (Next() >> 11) * (1.0 / (1UL << 53));

    public double Uniform(double low, double high) => low + ((high - low) * Uniform());

    public bool Chance(double probability) => Uniform() < probability;

    /// <summary>Standard normal by Box and Muller, one of the pair: what is drawn must not depend on what was drawn before.</summary>
    public double Normal() => Math.Sqrt(-2 * Math.Log(1 - Uniform())) * Math.Cos(2 * Math.PI * Uniform());

    public double Normal(double mean, double sd) => mean + (sd * Normal());

    public double LogNormal(double median, double sigma) => median * Math.Exp(sigma * Normal());

    /// <summary>Gamma with the given mean and standard deviation (Marsaglia and Tsang, ACM Trans Math Softw 2000;26:363); the shape must be at least 1.</summary>
    public double Gamma(double mean, double sd)
    {
        var shape = mean * mean / (sd * sd);
        var d = shape - (1.0 / 3);
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var x = Normal();
            var v = 1 + (c * x);
            if (v <= 0)
            {
                continue;
            }

            v = v * v * v;
            if (Math.Log(1 - Uniform()) < (0.5 * x * x) + d - (d * v) + (d * Math.Log(v)))
            {
                return d * v * mean / shape;
            }
        }
    }

    public int Below(int count) => (int)(Uniform() * count);
}
