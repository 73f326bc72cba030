"""How GraSP's `chunk_size` changes the mask: the share of the kept weights that the uncut mask removes.

At sparsity 0.98, for the same initial weights and images. For scale: the same share for the uncut
mask of another random sample of images.

    python tests/benchmarks/grasp_chunks.py CIFAR-100/Resnet-20 --sizes 625 417 250 --seeds 0 1
"""

import argparse

from scoring_images import TrainingImages

SPARSITY = "0.98"


def share_of_others(mask, exact) -> float:
    """Share of the weights kept by one mask that the other removes; both keep as many."""
    different = sum(int((mask[name] & ~exact[name]).sum()) for name in exact)
    return different / exact.kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", nargs="+", help="dataset/architecture")
    parser.add_argument("--sizes", nargs="+", type=int, required=True)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()

    import torch

    from sparsetopo.architectures import build
    from sparsetopo.networks.initialise import initialise
    from sparsetopo.pruning import prune

    torch.set_num_threads(chosen.threads)
    sizes = [f"{size} a time" for size in chosen.sizes]
    print(f"| {' | '.join(['data set', 'architecture', 'seed', *sizes, 'other images'])} |")
    print("|---" * (len(sizes) + 4) + "|", flush=True)
    for pair in chosen.pairs:
        dataset, architecture = pair.split("/")
        images = TrainingImages(dataset)
        model = build(architecture, images.input_shape, images.classes)
        for seed in chosen.seeds:
            initialise(model, dataset, architecture, seed)

            def mask(*labels, model=model, images=images, seed=seed, pair=pair, **options):
                streams = (*pair.split("/"), *labels)
                return prune(
                    model, "grasp", SPARSITY, images, seed, stream_labels=streams, **options
                )

            exact = mask()
            others = [mask(chunk_size=size) for size in chosen.sizes] + [mask("other images")]
            shares = [f"{share_of_others(other, exact):.1%}" for other in others]
            print(f"| {' | '.join([dataset, architecture, str(seed), *shares])} |", flush=True)


if __name__ == "__main__":
    main()
