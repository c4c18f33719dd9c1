-- CreateTable
CREATE TABLE "images" (
    "id" UUID NOT NULL,
    "name" TEXT,
    "owner" TEXT,
    "visibility" TEXT NOT NULL,
    "is_hidden" BOOLEAN NOT NULL DEFAULT false,
    "is_protected" BOOLEAN NOT NULL DEFAULT false,
    "is_deactivated" BOOLEAN NOT NULL DEFAULT false,
    "container_format" TEXT,
    "disk_format" TEXT,
    "min_disk_gb" INTEGER NOT NULL DEFAULT 0,
    "min_ram_mb" INTEGER NOT NULL DEFAULT 0,
    "properties" JSONB NOT NULL DEFAULT '{}',
    "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "upload_id" UUID,
    "blob_id" UUID,
    "size_bytes" BIGINT,
    "virtual_size_bytes" BIGINT,
    "md5" TEXT,
    "sha512" TEXT,
    "status" TEXT NOT NULL GENERATED ALWAYS AS (
        CASE
            WHEN "blob_id" IS NOT NULL AND "is_deactivated" THEN 'deactivated'
            WHEN "blob_id" IS NOT NULL THEN 'active'
            WHEN "upload_id" IS NOT NULL THEN 'saving'
            ELSE 'queued'
        END
    ) STORED,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "images_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "members" (
    "image_id" UUID NOT NULL,
    "project_id" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "members_pkey" PRIMARY KEY ("image_id","project_id")
);

-- CreateTable
CREATE TABLE "deleted_images" (
    "id" UUID NOT NULL,
    "deleted_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "deleted_images_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "images_blob_id_key" ON "images"("blob_id");

-- CreateIndex
CREATE INDEX "images_created_at_id_idx" ON "images"("created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "images_owner_created_at_id_idx" ON "images"("owner", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "members_project_id_idx" ON "members"("project_id");

-- AddForeignKey
ALTER TABLE "members" ADD CONSTRAINT "members_image_id_fkey" FOREIGN KEY ("image_id") REFERENCES "images"("id") ON DELETE CASCADE ON UPDATE CASCADE;
