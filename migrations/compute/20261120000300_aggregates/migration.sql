-- AlterTable
ALTER TABLE "hosts" ADD COLUMN "zone" TEXT NOT NULL DEFAULT 'nova';

-- CreateTable
CREATE TABLE "aggregates" (
    "id" SERIAL NOT NULL,
    "uuid" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "availability_zone" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "hosts" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3),

    CONSTRAINT "aggregates_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "aggregates_uuid_key" ON "aggregates"("uuid");

-- CreateIndex
CREATE UNIQUE INDEX "aggregates_name_key" ON "aggregates"("name");
